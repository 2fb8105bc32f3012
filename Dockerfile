# The project with its environment, run by a user without privileges.
#     docker build --tag pez .
#     docker run --rm --volume pez:/home/pez/project/artifacts pez figure2c --cores 4
# What is built stays in the volume `pez`; with GPUs: --gpus all, and --resources gpu=1 at the end.
FROM python:3.11-slim-bookworm

# What Blender's wheel links to: envs/setup.sh names any that are missing.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libgl1 libgomp1 libice6 libsm6 libx11-6 libxext6 libxfixes3 libxi6 libxkbcommon0 \
        libxrender1 libxt6 libxxf86vm1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 pez \
    && install --directory --owner pez /home/pez/project

USER 1000
WORKDIR /home/pez/project
COPY --chown=1000 envs envs
RUN bash envs/setup.sh
COPY --chown=1000 . .
ENV PATH="/home/pez/project/.venv/bin:$PATH"
ENTRYPOINT ["snakemake"]
CMD ["--cores", "1"]
