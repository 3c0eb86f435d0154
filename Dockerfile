# Untested: no release has been built or run from this file yet. `docker build -t tegata .` should do it; please report what does not.

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
# Installs what the lock file says and builds the hosted pages; then what only development needs goes.
RUN npm ci && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production TEGATA_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/packages ./packages
COPY --from=build /app/apps/pages/dist ./apps/pages/dist
# Only for a SQLite file; with PostgreSQL nothing is written here.
RUN mkdir /data && chown node:node /data
VOLUME /data
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
EXPOSE 3000
# Node itself asks: neither curl nor a shell is needed.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 3000}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Not `npm start`, which would stand between the server and SIGTERM.
CMD ["node", "packages/server/src/cli/tegata.ts", "serve"]
