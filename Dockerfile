# Three stages: build with everything, install what production needs, and keep only that.
# The project pins a Node in its optional packages; the image brings its own, so the last stages leave them out.
ARG NODE=node:26-slim

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# With the optional packages: the compiler's binary is one of them.
RUN npm ci
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

FROM ${NODE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

FROM ${NODE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json routes.json routes.schema.json cases.schema.json .env.example ./
# What texts call `turnpike`.
RUN chmod 755 dist/start.cjs && ln -s /app/dist/start.cjs /usr/local/bin/turnpike
USER node
EXPOSE 3000
# The health of the process alone: a service that is down is no reason to restart the gateway.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node itself is process 1, so that it gets SIGTERM and drains.
CMD ["node", "dist/start.cjs"]
