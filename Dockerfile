# Built in two stages; the second holds the program, certificates and nothing to build with.
# Base images are fixed by the digests of their multi-platform indexes.

# Makes `docker buildx build --sbom=true` list the crates of Cargo.lock too: the image holds only what
# was compiled from them.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true

# This stage runs on the platform of the machine and compiles for that of the image, because a compiler
# under emulation takes many times as long.
FROM --platform=$BUILDPLATFORM rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
ARG TARGETARCH
WORKDIR /build

# Sets Cargo's default target, with a C compiler, which also links, and a standard library for it.
RUN case "$TARGETARCH" in \
        amd64) arch=x86_64 compiler=gcc-x86-64-linux-gnu ;; \
        arm64) arch=aarch64 compiler=gcc-aarch64-linux-gnu ;; \
        *) echo "TARGETARCH is \"$TARGETARCH\": build for linux/amd64 or linux/arm64, with BuildKit" >&2; exit 1 ;; \
    esac \
    && if [ "$(dpkg --print-architecture)" != "$TARGETARCH" ]; then \
        apt-get update \
        && apt-get install --yes --no-install-recommends "$compiler" "libc6-dev-$TARGETARCH-cross" \
        && rm -rf /var/lib/apt/lists/*; \
    fi \
    && rustup target add "$arch-unknown-linux-gnu" \
    && printf '[build]\ntarget = "%s"\n[target.%s]\nlinker = "%s"\n' \
        "$arch-unknown-linux-gnu" "$arch-unknown-linux-gnu" "$arch-linux-gnu-gcc" \
        > "$CARGO_HOME/config.toml"

# Dependencies first, with an empty program: this layer is built anew only when
# the lock file changes.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked \
    && rm -r src

COPY config/default.toml config/default.toml
COPY src src
# The empty program's files may be newer than the real ones.
RUN touch src/lib.rs src/main.rs \
    && cargo build --release --locked \
    && cp target/*-unknown-linux-gnu/release/bedrock-gateway /usr/local/bin/

FROM debian:bookworm-slim@sha256:7c7b2c966bc9ee8cedfeef67e0e279108992c77681fa595db4a9d65c06ccc587
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway \
    && install --directory --owner=10001 --mode=0700 /var/lib/bedrock-gateway
COPY --from=build /usr/local/bin/bedrock-gateway /usr/local/bin/bedrock-gateway
COPY LICENSE /usr/share/doc/bedrock-gateway/LICENSE

USER 10001
# The database of virtual keys and gateway keys, if there is a master key: mount a volume.
ENV BEDROCK_GATEWAY_SERVER_LISTEN=0.0.0.0:8787 \
    BEDROCK_GATEWAY_VAULT_DATA_DIR=/var/lib/bedrock-gateway \
    BEDROCK_GATEWAY_LOG_FORMAT=json
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["bedrock-gateway", "health"]
ENTRYPOINT ["bedrock-gateway"]
CMD ["serve"]
