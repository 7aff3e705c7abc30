# medallion with what it needs inside: Node.js, its packages, DuckDB's extensions.
#   docker build --tag medallion .
#   docker run --rm medallion --help
# DuckDB's extensions come from its own host, or by pip from PyPI. A proxy needs both --build-arg http_proxy=... and
# --build-arg https_proxy=..., in small letters: apt knows no others.

FROM node:20.20.2-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20.20.2-bookworm-slim AS extension
# Nothing of this stage but the extensions goes on, so any version of pip will do.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/medallion
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY package.json ./
COPY bin ./bin
COPY sql ./sql
# Fetched, checked by their signatures and loaded once by the tool itself.
ENV XDG_CACHE_HOME=/opt/cache
RUN node bin/medallion.js doctor --fetch --home /tmp/home

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production \
    XDG_CACHE_HOME=/opt/cache \
    MEDALLION_HOME=/var/lib/medallion
WORKDIR /opt/medallion
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY --from=extension /opt/cache /opt/cache
COPY package.json LICENSE ./
COPY assets ./assets
COPY bin ./bin
COPY sql ./sql
COPY sources ./sources
COPY test/models ./test/models
# Everybody may read it, also when it comes from a checkout that only its owner may read.
RUN chmod -R a+rX package.json LICENSE assets bin sql sources test/models \
    && chmod 0755 bin/medallion.js \
    && ln -s /opt/medallion/bin/medallion.js /usr/local/bin/medallion \
    && install --directory --owner=1000 --group=1000 --mode=0750 /var/lib/medallion
# node, by its number: Kubernetes cannot tell from a name that it is not root.
USER 1000:1000
VOLUME /var/lib/medallion
# What commands write to the working folder is kept, and a medallion.yaml there is read.
WORKDIR /var/lib/medallion
EXPOSE 9464
HEALTHCHECK --interval=15s --timeout=5s --start-period=1m \
    CMD ["node", "-e", "fetch('http://127.0.0.1:9464/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["medallion"]
CMD ["run", "--metrics-port", "9464", "--metrics-host", "0.0.0.0"]
