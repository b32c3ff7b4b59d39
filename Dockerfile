# OnLibrary with FFmpeg, run by a user without rights. docs/install.md says how.

FROM node:22-bookworm-slim AS web
WORKDIR /src/ui
COPY ui/package.json ui/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY locales ../locales
COPY ui ./
RUN npm run --silent build

FROM golang:1.27-bookworm AS program
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . ./
COPY --from=web /src/ui/dist ui/dist
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /onlibrary .

FROM debian:bookworm-slim
RUN apt-get update \
	&& apt-get install -y --no-install-recommends ca-certificates ffmpeg \
	&& rm -rf /var/lib/apt/lists/* \
	&& useradd --system --user-group --uid 10001 --home-dir /var/lib/onlibrary --no-create-home --shell /usr/sbin/nologin onlibrary \
	&& install -d -o onlibrary -g onlibrary -m 0700 /var/lib/onlibrary
COPY --from=program /onlibrary /usr/bin/onlibrary
ENV ONLIBRARY_DATA_DIR=/var/lib/onlibrary ONLIBRARY_HTTP_ADDR=0.0.0.0:8090
USER 10001:10001
WORKDIR /
VOLUME /var/lib/onlibrary
EXPOSE 80 443 8090
# The program asks itself: no shell and no other tool is needed.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["onlibrary", "health"]
ENTRYPOINT ["onlibrary"]
CMD ["serve"]
