# Built in two stages; the second holds the program, certificates and nothing to build with.
FROM rust:1.95-slim-bookworm AS build
WORKDIR /build

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
    && cargo build --release --locked

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway \
    && install --directory --owner=10001 --mode=0700 /var/lib/bedrock-gateway
COPY --from=build /build/target/release/bedrock-gateway /usr/local/bin/bedrock-gateway
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
