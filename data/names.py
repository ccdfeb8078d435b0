"""Synthetic persons, firms and numbers. None of them is taken from a register of real ones."""

import numpy as np

FULL_TIME = 9_600  # minutes a month that a person works: 160 hours

SURNAMES = "陈李黄张林刘钟罗曾温邓古谢叶何吴杨廖赖丘"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉梅建文辉志海燕国新春红雪宇晨"
TRADES = ("商贸", "科技", "餐饮", "建材", "物流", "服饰", "电子", "食品", "陶瓷", "农业", "文化传媒", "工程")
SPOKEN = [
    "Anna", "Bernd", "Carla", "Dieter", "Elke", "Frank", "Gesa", "Holger", "Ines", "Jan", "Karin",
    "Lars", "Maren", "Nils", "Olaf", "Petra", "Rolf", "Silke", "Thea", "Uwe", "Vera", "Wolf",
]  # fmt: skip
FAMILY = [
    "Ahrens", "Behm", "Clasen", "Dahl", "Ewert", "Fink", "Grabow", "Hinz", "Ihde", "Jahn", "Kruse",
    "Lenz", "Mahnke", "Nitz", "Ohm", "Pagel", "Quade", "Rehm", "Schade", "Timm", "Unger", "Voss",
    "Wendt", "Zeitz",
]  # fmt: skip

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def chinese_people(n: int, rng: np.random.Generator) -> list[str]:
    """``n`` different Chinese person names."""
    seen: dict[str, None] = {}
    while len(seen) < n:
        given = "".join(rng.choice(list(GIVEN), size=2))
        seen.setdefault(str(rng.choice(list(SURNAMES))) + given)
    return list(seen)


def german_people(n: int, rng: np.random.Generator) -> list[str]:
    """``n`` different German person names."""
    seen: dict[str, None] = {}
    while len(seen) < n:
        seen.setdefault(f"{rng.choice(SPOKEN)} {rng.choice(FAMILY)}")
    return list(seen)


def uscc(serial: int, region: str = "441400") -> str:
    """A number with the check digits of GB 11714 and GB 32100; its body ``XN…`` (虚拟) says synthetic."""
    body = f"XN{serial:06d}"
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    check = 11 - sum(digits.index(c) * w for c, w in zip(body, BODY_WEIGHTS, strict=True)) % 11
    head = f"91{region}{body}" + ("X" if check == 10 else "0" if check == 11 else str(check))
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(head, USCC_WEIGHTS, strict=True))
    return head + USCC_ALPHABET[(31 - total % 31) % 31]
