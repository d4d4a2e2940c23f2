# The embedded mode in one container: pages, API, worker, database and index in one process and one volume.
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels -c constraints.txt .

FROM python:3.12-slim
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels opendata && rm -rf /wheels \
 && useradd --system --home /var/lib/opendata --create-home opendata
USER opendata
ENV OPENDATA_DATA_DIR=/var/lib/opendata OPENDATA_MODE=production OPENDATA_LOG_JSON=true
VOLUME /var/lib/opendata
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
CMD ["sh", "-c", "opendata migrate && exec opendata serve --host 0.0.0.0"]
