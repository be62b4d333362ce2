# The slawatch worker. Docker's default builder or any other; `scripts/build_image.sh` tries it without either.
FROM python:3.13.7-slim-trixie AS build
WORKDIR /build
# The path of an event is compiled; nothing of what that needs gets into the result.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
# An environment for building and one for the result, which never sees a build tool.
RUN python -m venv /build/tools && python -m venv --without-pip /opt/slawatch
COPY deploy/image/build.lock deploy/image/requirements.lock ./
RUN /build/tools/bin/pip install --no-cache-dir --require-hashes -r build.lock \
    && /build/tools/bin/pip --python /opt/slawatch/bin/python install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY scripts/rehearse.py scripts/
COPY src src
RUN SLAWATCH_COMPILE=1 /build/tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheels . \
    && /build/tools/bin/pip --python /opt/slawatch/bin/python install --no-cache-dir --no-deps wheels/*.whl

FROM python:3.13.7-slim-trixie
LABEL org.opencontainers.image.title="slawatch" \
      org.opencontainers.image.description="Watches service level agreements as a stream" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# The base's own pip has no use here. The numeric user is what Kubernetes checks with runAsNonRoot.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3.*/site-packages/pip* \
    && groupadd --gid 10001 slawatch \
    && useradd --uid 10001 --gid slawatch --no-log-init --no-create-home --home-dir /nonexistent slawatch \
    && install --directory --owner=slawatch --group=slawatch /var/lib/slawatch
COPY --from=build /opt/slawatch /opt/slawatch
ENV PATH=/opt/slawatch/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SLAWATCH_DATA=/var/lib/slawatch \
    SLAWATCH_LOG_FORMAT=json \
    SLAWATCH_WEB_HOST=0.0.0.0
USER 10001:10001
EXPOSE 6066
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.environ.get('SLAWATCH_WEB_PORT', '6066')}/healthz\", timeout=4)"]
ENTRYPOINT ["slawatch"]
CMD ["worker"]
