# The service on its own: PostGIS is another container's or machine's, named by GRIDWRIGHT_DATABASE_URL.
FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir --disable-pip-version-check "uv~=0.13.9"
ENV UV_PROJECT_ENVIRONMENT=/opt/gridwright UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy
WORKDIR /src
# Dependencies first: they change less often than the code.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project --no-cache
COPY . .
RUN uv sync --frozen --no-dev --no-editable --no-cache

FROM python:3.11-slim-bookworm
COPY --from=build /opt/gridwright /opt/gridwright
ENV PATH=/opt/gridwright/bin:$PATH \
    NUMBA_CACHE_DIR=/var/cache/gridwright \
    GRIDWRIGHT_LOG_FORMAT=json
RUN useradd --system --user-group --create-home --home-dir /var/lib/gridwright gridwright \
    && install -d -o gridwright -g gridwright /var/cache/gridwright
USER gridwright
WORKDIR /var/lib/gridwright
RUN python -m geo.warm
EXPOSE 8000
HEALTHCHECK --start-period=30s --interval=15s --timeout=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gridwright", "serve", "--host", "0.0.0.0", "--port", "8000"]
