# One image for all five services and `rapport` (an operator's `rapport admin` inside the network): the Swift runtime is
# in it once (79 MB), each program adds 24 MB. Linked statically, each would carry that runtime again. `command` says
# which service a container is.
ARG SWIFT_IMAGE=swift:6.3.1-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS builder
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends pkg-config libnghttp2-dev libprotobuf-c-dev libsqlite3-dev \
        zlib1g-dev libzstd-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# SwiftPM wants to see every folder that Package.swift names.
COPY Package.swift ./
COPY Shared Shared
COPY Services Services
COPY Tools Tools
COPY Tests Tests
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
RUN for product in relationships feedback goals trust-scoring gateway rapport; do \
        swift build -c release --product "$product"; \
    done
# The programs find the libraries beside them (RUNPATH $ORIGIN).
RUN mkdir /out && bin=$(swift build -c release --show-bin-path) \
    && for product in relationships feedback goals trust-scoring gateway rapport; do \
        strip -o "/out/$product" "$bin/$product"; \
    done \
    && ldd /out/* | awk '$3 ~ "/swift/linux/" { print $3 }' | sort -u | xargs cp -L -t /out

FROM ${RUNTIME_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libnghttp2-14 libprotobuf-c1 libsqlite3-0 libstdc++6 libzstd1 tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 rapport \
    && useradd --system --uid 10001 --gid rapport --no-create-home --shell /usr/sbin/nologin rapport \
    # New volumes take their owner from the image.
    && install -d -o rapport -g rapport -m 0700 /data && install -d -o rapport -g rapport -m 0755 /keys
COPY --from=builder /out /usr/local/lib/rapport
ENV PATH=/usr/local/lib/rapport:$PATH RAPPORT_DATA=/data RAPPORT_KEYS=/keys
WORKDIR /data
USER 10001:10001
CMD ["gateway"]
