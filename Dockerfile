# One image for every role: `opendata serve`, `opendata worker`, `opendata migrate`. Without settings it is the
# embedded mode, all in one process and one volume.
FROM python:3.12.11-slim-bookworm AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels -c constraints.txt .

FROM python:3.12.11-slim-bookworm
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels opendata && rm -rf /wheels \
 && useradd --system --uid 10001 --home /var/lib/opendata --create-home opendata
USER opendata
WORKDIR /var/lib/opendata
ENV OPENDATA_DATA_DIR=/var/lib/opendata OPENDATA_MODE=production OPENDATA_LOG_JSON=true PYTHONUNBUFFERED=1
VOLUME /var/lib/opendata
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["sh", "-c", "opendata migrate && exec opendata serve --host 0.0.0.0"]
