# Every image of Leeboard, one target each. Docker and buildah both build it: no syntax of one builder only.
#
#   BASE_IMAGE    a Debian or python:3.11-slim image with Python 3.11, pip and venv
#   PIP_OPTIONS   a builder that mounts a cache says --cache-dir=<mounted path>; nothing of it stays in a layer
#
# runtime, mlflow and trainer share the layer with the libraries: what a model is trained with is what serves it.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim

FROM ${BASE_IMAGE} AS base
# A user with a name: MLflow asks the passwd file who runs it. Our code is found through leeboard.pth, not through PYTHONPATH,
# which a model's own environment would inherit.
RUN groupadd --gid 10001 leeboard \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin leeboard \
    && python3 -m venv /opt/venv \
    && mkdir -p /opt/leeboard \
    && /opt/venv/bin/python3 -c "import pathlib, sysconfig; pathlib.Path(sysconfig.get_path('purelib'), 'leeboard.pth').write_text('/opt/leeboard\n')"
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /tmp

# The operator: no numpy, no pandas, no scikit-learn, no MLflow server.
FROM base AS operator
ARG PIP_OPTIONS=--no-cache-dir
COPY requirements/operator.txt /opt/requirements/operator.txt
RUN python3 -m pip install --quiet ${PIP_OPTIONS} --requirement /opt/requirements/operator.txt
COPY operator/leeboard /opt/leeboard/leeboard
RUN python3 -m compileall -q /opt/leeboard
USER 10001:10001
ENTRYPOINT ["python3", "-m", "leeboard"]
CMD ["run"]

# What models are trained with and served with; HOME is an emptyDir on a read-only root, so caches go to it.
FROM base AS model-base
ARG PIP_OPTIONS=--no-cache-dir
# Threads that wait do not spin: several such pods share a node's cores.
ENV OMP_WAIT_POLICY=PASSIVE \
    GIT_PYTHON_REFRESH=quiet \
    MPLCONFIGDIR=/tmp/matplotlib \
    MLFLOW_DISABLE_TELEMETRY=true
COPY requirements/runtime.txt /opt/requirements/runtime.txt
RUN python3 -m pip install --quiet ${PIP_OPTIONS} --requirement /opt/requirements/runtime.txt

# The model server, the fetcher of its init container and the fingerprint of a model.
FROM model-base AS runtime
COPY runtime/leeboard_runtime /opt/leeboard/leeboard_runtime
RUN python3 -m compileall -q /opt/leeboard \
    && printf '#!/opt/venv/bin/python3\nimport sys\n\nfrom leeboard_runtime.__main__ import main\n\nsys.exit(main())\n' > /opt/venv/bin/leeboard-runtime \
    && chmod 0755 /opt/venv/bin/leeboard-runtime
USER 10001:10001
ENTRYPOINT ["leeboard-runtime"]

# seldon-core's microservice wrapper around an MLflow model. Its pins are old, so it shares no layer with the others; what it imports
# only for tracing is left out of its lock file, hence --no-deps.
FROM base AS seldon
ARG PIP_OPTIONS=--no-cache-dir
ENV OMP_WAIT_POLICY=PASSIVE \
    GIT_PYTHON_REFRESH=quiet \
    MLFLOW_DISABLE_TELEMETRY=true
COPY requirements/seldon.txt /opt/requirements/seldon.txt
RUN python3 -m pip install --quiet ${PIP_OPTIONS} --no-deps --only-binary :all: --requirement /opt/requirements/seldon.txt
COPY runtime/leeboard_runtime /opt/leeboard/leeboard_runtime
COPY runtime/leeboard_seldon /opt/leeboard/leeboard_seldon
RUN python3 -m compileall -q /opt/leeboard
USER 10001:10001
ENTRYPOINT ["seldon-core-microservice"]

# The embedded MLflow server; the chart gives its arguments.
FROM model-base AS mlflow
USER 10001:10001
ENTRYPOINT ["mlflow"]
CMD ["server", "--host", "0.0.0.0", "--port", "5000", "--workers", "1"]

# A plain training image, as a user would write it: a script and its data, nothing of Leeboard.
FROM model-base AS trainer-car-loan
ARG PIP_OPTIONS=--no-cache-dir
COPY examples/01-car-loan/fetch_data.py /opt/train/fetch_data.py
RUN python3 /opt/train/fetch_data.py --destination /data -- ${PIP_OPTIONS}
COPY examples/01-car-loan/train.py examples/02-canary/train_campaign.py examples/03-drift/train_newest.py /opt/train/
COPY examples/03-drift/records.py examples/03-drift/desk.py /opt/train/
USER 10001:10001
CMD ["python3", "/opt/train/train.py"]
