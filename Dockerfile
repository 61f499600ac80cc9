# One image for `serve`, `worker` and `migrate`; docs/containers.md tells how to build and run it.
# The digest is the one that docker-library/repo-info records for the tag; Dependabot moves both.
FROM python:3.13.14-slim-trixie@sha256:9662417aace5ae7b8e2609cce472b72a8958e134ba372808abe9cc1a0c0125e6 AS base

# AWS publishes no checksum and adds to the bundle whenever a region opens, so TLS vouches for it
# here and the image's digest from then on. Elsewhere: --build-context rds-ca=DIRECTORY.
FROM scratch AS rds-ca
ADD https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem /global-bundle.pem

FROM base AS build
# strip comes from binutils; the tool serves this stage alone, so its version is of no consequence.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends binutils
WORKDIR /app
COPY requirements/build.txt requirements/runtime.txt requirements/
# Wheels only: nothing is compiled, so that no stage needs a compiler. pip itself stays outside.
# The locks are complete: nothing is resolved, so no newer release can disturb what was locked.
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --no-deps --only-binary :all: \
        --require-hashes --requirement requirements/runtime.txt \
    && pip --python /opt/venv/bin/python check \
    && pip install --no-cache-dir --no-deps --only-binary :all: --target /opt/build \
        --require-hashes --requirement requirements/build.txt
# 60 MB that nothing reads: debug symbols, and the models of the AWS services We-Upload never calls.
RUN find /opt/venv -name '*.so*' -exec strip --strip-unneeded {} + \
    && find /opt/venv/lib/python3.*/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d \
        ! -name s3 ! -name sqs ! -name sts -exec rm -r {} +
COPY pyproject.toml README.md ./
COPY backend backend
# Editable: the code stays in /app, beside the migrations, and only metadata enters the environment.
RUN PYTHONPATH=/opt/build pip --python /opt/venv/bin/python install --no-cache-dir --no-deps \
        --no-index --no-build-isolation --editable . \
    && python -m compileall -q backend

FROM base
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG SOURCE=
LABEL org.opencontainers.image.title="We-Upload" \
      org.opencontainers.image.description="Multi-user file upload and sharing over presigned S3 URLs" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /app
COPY --from=rds-ca --chmod=444 /global-bundle.pem /etc/ssl/certs/rds-global-bundle.pem
COPY --from=build /opt/venv /opt/venv
COPY alembic.ini ./
COPY alembic alembic
COPY --from=build /app/backend backend
# Numeric, so that Kubernetes' runAsNonRoot can check it; owns nothing, so that it changes nothing.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=2)"]
# Exec form: SIGTERM reaches We-Upload itself, which drains before it leaves.
STOPSIGNAL SIGTERM
ENTRYPOINT ["we-upload"]
CMD ["serve"]
