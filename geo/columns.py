"""The columns of the files people load, and what else they call them.

A file's column counts for one of ours when the ``mapping`` says so, else when it has our name, else when it
has an alias, in the order given here. Case, surrounding spaces, hyphens and spaces for underscores, and a
byte order mark do not matter. Every other column is kept as an attribute.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from geo.errors import InputError

_LNG = ("lon", "long", "longitude", "x", "经度", "经度坐标", "坐标经度", "lng_x", "point_x")
_LAT = ("latitude", "y", "纬度", "纬度坐标", "坐标纬度", "lat_y", "point_y")
_GEOMETRY = ("geom", "wkt", "wkb_geometry", "the_geom", "shape", "几何", "图形", "边界")
_NAME = ("名称", "名字", "label")
_CLASS = ("类", "类别", "ab类", "a/b类", "分类", "ab_class")
_GRID = ("网格", "网格编码", "网格代码", "网格编号", "grid_code", "所属网格", "归属网格")
_FROM = ("valid_from", "start", "start_date", "开始日期", "生效日期", "起始日期", "开始时间")
_TO = ("valid_to", "end", "end_date", "结束日期", "失效日期", "终止日期", "结束时间")
_CONFIRMED = ("confirmed_on", "核实日期", "确认日期", "最近核实日期")
_ACCOUNT = ("account_id", "客户", "客户编码", "客户编号", "客户id", "客户标识")
_USCC = ("统一社会信用代码", "社会信用代码", "信用代码", "税号", "注册号")

ALIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "areas": {
        "code": ("区域编码", "片区编码", "区域代码", "area_code", "编码", "代码"),
        "name": ("区域名称", "片区名称", "area_name", *_NAME),
        "parent": ("parent_code", "上级", "上级编码", "上级区域", "父级", "所属区域"),
        "kind": ("类型", "区域类型", "层级", "级别"),
        "class": _CLASS,
        "class_reason": ("分类理由", "分类原因", "类别说明"),
        "nbs_code": ("城乡分类代码", "城乡分类", "城乡代码", "urban_rural_code"),
        "geometry": _GEOMETRY,
    },
    "people": {
        "id": ("person", "person_id", "工号", "员工编号", "人员编码", "人员编号", "员工工号"),
        "name": ("姓名", "员工姓名", "人员姓名", *_NAME),
        "area": ("区域", "片区", "所属区域", "所属片区", "区域编码", "部门"),
        "capacity": ("能力", "产能", "月工作分钟"),
        "from": ("入职日期", "到岗日期", "hired", "service_from", *_FROM),
        "to": ("离职日期", "离岗日期", "left", "service_to", *_TO),
        "lng": ("驻地经度", *_LNG),
        "lat": ("驻地纬度", *_LAT),
    },
    "responsibilities": {
        "grid": _GRID,
        "person": ("person_id", "人员", "责任人", "工号", "员工编号", "人员编码", "网格经理", "网格长"),
        "role": ("角色", "职责", "岗位"),
        "from": _FROM,
        "to": _TO,
    },
    "grids": {
        "geometry": _GEOMETRY,
        "code": ("网格编码", "网格代码", "网格编号", "grid_code", "grid", "grid_id", "编码", "代码", "编号"),
        "name": ("网格名称", "网格名", "grid_name", *_NAME),
        "area": ("区域", "片区", "所属区域", "所属片区", "区域编码", "片区编码", "area_code"),
        "class": _CLASS,
        "owner": ("责任人", "网格经理", "网格长", "负责人", "工号"),
        "locked": ("锁定", "是否锁定"),
        "confirmed": _CONFIRMED,
    },
    "buildings": {
        "id": ("building", "building_id", "楼宇编码", "楼宇编号", "楼宇id", "楼栋编码", "编码", "编号"),
        "geometry": _GEOMETRY,
        "lng": _LNG,
        "lat": _LAT,
        "name": ("楼宇名称", "楼栋名称", "building_name", *_NAME),
        "use": ("用途", "楼宇类型", "类型"),
        "address": ("地址", "楼宇地址", "标准地址"),
        "households": ("户数", "住户数", "覆盖户数"),
        "ports": ("端口数", "端口", "总端口数"),
        "ports_used": ("占用端口", "已用端口", "占用端口数", "已用端口数"),
        "locked": ("锁定", "是否锁定"),
        "confirmed": _CONFIRMED,
    },
    "regions": {
        "id": ("region", "region_id", "区域编码", "村编码", "行政村编码", "道路编码", "编码", "编号"),
        "geometry": _GEOMETRY,
        "name": ("区域名称", "村名", "行政村", "道路名称", "region_name", *_NAME),
        "kind": ("类型", "区域类型"),
    },
    "clusters": {
        "id": ("cluster", "cluster_id", "聚类编码", "聚类编号", "市场编码", "聚类市场编码", "编码", "编号"),
        "name": ("聚类名称", "市场名称", "聚类市场名称", "cluster_name", *_NAME),
        "kind": ("类型", "聚类类型", "市场类型"),
        "grid": _GRID,
        "confirmed": _CONFIRMED,
    },
    "parties": {
        "id": ("party", "party_id", "单位编码", "单位编号", "集团编码", "编码", "编号"),
        "name": ("单位名称", "集团名称", "企业名称", "party_name", *_NAME),
        "uscc": _USCC,
    },
    "accounts": {
        "id": (*_ACCOUNT, "account", "编码", "编号"),
        "lng": _LNG,
        "lat": _LAT,
        "geometry": _GEOMETRY,
        "name": ("客户名称", "account_name", *_NAME),
        "segment": ("客群", "客户群", "行业", "客户细分"),
        "tier": ("等级", "客户等级", "价值等级", "级别"),
        "net_status": ("在网状态", "入网状态", "在网", "异网状态"),
        "geocode_level": ("地址级别", "定位级别", "解析级别", "地理编码级别", "匹配级别"),
        "radius_m": ("radius", "误差半径", "半径", "精度半径", "定位精度"),
        "building": ("building_id", "楼宇", "楼宇编码", "楼宇编号", "所属楼宇"),
        "cluster": ("cluster_id", "聚类", "聚类编码", "市场编码", "聚类市场"),
        "region": ("region_id", "区域范围", "所属范围", "村路范围"),
        "party": ("party_id", "单位", "单位编码", "集团编码", "所属单位"),
        "uscc": _USCC,
        "confirmed": _CONFIRMED,
        "address": ("地址", "客户地址", "装机地址", "详细地址"),
        "locked_grid": ("锁定网格", "指定网格"),
        "visits": ("走访次数", "拜访次数", "月走访"),
        "prospects": ("潜客", "潜在客户数", "潜客数"),
        "opportunities": ("商机", "商机数"),
        "complaints": ("投诉", "投诉数", "投诉量"),
    },
    "named-lists": {
        "account": _ACCOUNT,
        "party": ("party_id", "单位", "单位编码", "集团编码"),
        "grid": _GRID,
        "list": ("list_name", "名单", "名单名称", "名单制"),
        "from": _FROM,
        "to": _TO,
    },
    "barriers": {
        "geometry": _GEOMETRY,
        "kind": ("类型", "障碍类型"),
        "bridge": ("通道", "桥", "是否通道"),
    },
    "exclusions": {"geometry": _GEOMETRY, "reason": ("原因", "理由", "说明", "name", "名称")},
    "metrics": {
        "account": _ACCOUNT,
        "month": ("月份", "账期", "统计月份"),
        "measure": ("指标", "度量", "指标名称"),
        "value": ("值", "数值", "指标值"),
    },
}

_Alternatives = tuple[tuple[str, ...], ...]
NEEDED: dict[str, tuple[_Alternatives, ...]] = {
    "areas": ((("code",),), (("name",),)),
    "people": ((("id",),), (("name",),)),
    "responsibilities": ((("grid",),), (("person",),)),
    "grids": ((("geometry",),), (("code",),)),
    "buildings": ((("id",),), (("geometry",), ("lng", "lat"))),
    "regions": ((("id",),), (("geometry",),)),
    "clusters": ((("id",),), (("name",),)),
    "parties": ((("id",),), (("name",),)),
    "accounts": ((("id",),), (("lng", "lat"), ("geometry",))),
    "named-lists": ((("account",), ("party",)), (("grid",),)),
    "barriers": ((("geometry",),),),
    "exclusions": ((("geometry",),),),
    "metrics": ((("account",),), (("month",),), (("measure",),), (("value",),)),
}
"""For each file what must be there: all of these, each by one of its alternatives.

Grids of a ``list`` plane need no geometry."""


@dataclass(frozen=True)
class Resolved:
    """Which column of a file is which of ours.

    ``columns``: our name → the file's; ``missing``: needed ones that are not there ("lng and lat, or
    geometry"); ``extra``: the file's further columns, which are kept as attributes.
    """

    columns: dict[str, str]
    missing: tuple[str, ...]
    extra: tuple[str, ...]


def normal(name: str) -> str:
    """A column name as it is compared."""
    return "_".join(name.lstrip("\ufeff").strip().lower().replace("-", " ").split())


def resolve(kind: str, names: Iterable[str], mapping: Mapping[str, str] | None = None) -> Resolved:
    """Find the columns of a file of ``kind`` (a key of ``ALIASES``) among its ``names``.

    ``mapping`` says our name → the file's and goes before aliases. Raises :class:`InputError` when the
    mapping names a column that neither side has; that needed columns are missing is for the caller to say
    (see :func:`require`).
    """
    known = ALIASES[kind]
    names = list(names)
    by_normal: dict[str, str] = {}
    for name in names:
        by_normal.setdefault(normal(name), name)
    found: dict[str, str] = {}
    for ours, theirs in (mapping or {}).items():
        if ours not in known:
            raise InputError(
                f"the mapping names {ours!r}, no column of {kind}: expected some of {', '.join(known)}",
                kind="unknown-column",
                column=ours,
            )
        if theirs not in names:
            raise InputError(
                f"the mapping says {ours} is column {theirs!r}, which the file lacks: it has {listed(names)}",
                kind="missing-column",
                column=ours,
            )
        found[ours] = theirs
    taken = set(found.values())
    for exact in (True, False):  # our own names first, so that no alias takes a column that has one
        for ours, aliases in known.items():
            for wanted in (ours,) if exact else aliases:
                theirs_name = by_normal.get(normal(wanted))
                if ours not in found and theirs_name is not None and theirs_name not in taken:
                    found[ours] = theirs_name
                    taken.add(theirs_name)
    found = {ours: found[ours] for ours in known if ours in found}
    missing = [
        ", or ".join(" and ".join(some) for some in alternatives)
        for alternatives in NEEDED[kind]
        if not any(all(column in found for column in some) for some in alternatives)
    ]
    return Resolved(found, tuple(missing), tuple(n for n in names if n not in taken))


def require(
    resolved: Resolved, kind: str, names: Iterable[str], *, file: str | None = None
) -> dict[str, str]:
    """The columns found, or an :class:`InputError` of kind ``missing-column`` that names what is missing."""
    if resolved.missing:
        raise InputError(
            f"{kind} need {'; '.join(resolved.missing)}, but the columns are {listed(names)}: "
            "rename a column or give a mapping",
            kind="missing-column",
            file=file,
            column=resolved.missing[0].split(" ")[0].rstrip(","),
        )
    return resolved.columns


def listed(names: Iterable[str], most: int = 12) -> str:
    """Column names for a message, cut short when they are many."""
    names = list(names)
    more = f" … ({len(names)} columns)" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "none"
