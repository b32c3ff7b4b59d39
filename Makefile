# OnLibrary. `make run` brings a fresh machine to a running library, `make test`
# runs every test. Both install what they need or say in one line what is missing.

export GOTOOLCHAIN := go1.27.3
export CGO_ENABLED := 0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOLS   := $(CURDIR)/.cache/tools
GOFILES := $(shell git ls-files --cached --others --exclude-standard '*.go')

.DEFAULT_GOAL := help
.PHONY: help run build dev test test-go test-ui test-e2e proof race cover bench lint format ui release-data manual sbom-ui packages test-ops need-go need-node need-tools clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: build ## build everything and serve at http://127.0.0.1:8090
	./onlibrary serve

build: need-go ui ## build ./onlibrary with its web app
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o onlibrary .

dev: need-go need-node ui/node_modules $(TOOLS)/air ## serve, rebuilding on every change; the app at http://127.0.0.1:5173
	@trap 'kill 0' EXIT; npm run --silent dev --prefix ui & $(TOOLS)/air --build.cmd 'go build -o .cache/onlibrary-dev .' --build.full_bin '.cache/onlibrary-dev serve' --build.include_ext go,json --build.exclude_dir ui,pb_data,.cache,docs,packaging --tmp_dir .cache/air

test: test-go test-ui test-e2e ## run every test
	@$(MAKE) --no-print-directory proof

test-go: need-go need-node need-tools ui/node_modules ## run the Go tests
	@(go test -json ./... || echo '{"Action":"fail"}') | go run ./proof collect .cache/proof/go.txt

test-ui: need-node need-tools ui ## run the tests of the web app and its readers
	npm run --silent test --prefix ui
	npm run --silent test:readers --prefix ui

test-e2e: build need-tools ## run the built binary with the JavaScript SDK and Chromium
	npm run --silent test:e2e --prefix ui

proof: need-go ## check docs/parity.md against the tests that passed last
	@go run ./proof check docs/parity.md .cache/proof/go.txt .cache/proof/e2e.tap

race: need-go need-tools ## run the concurrent packages under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race ./internal/jobs/ ./internal/listen/ ./internal/outbox/ ./internal/translate/ ./internal/tries/ ./internal/certs/ ./internal/listen/ ./internal/logs/ ./hooks/previews/ ./hooks/metrics/
	CGO_ENABLED=1 go test -race -run 'Closes|Idles|Faults|Killed|Frames|Hostile/(forks_away|writes)' ./internal/media/
	CGO_ENABLED=1 go test -race -run 'Race|AtOnce|Setup|Stream' ./hooks/accounts/ ./hooks/limits/ ./hooks/locale/
	CGO_ENABLED=1 go test -race -run 'Migrate|Silent' ./hooks/storage/
	CGO_ENABLED=1 go test -race -run 'Broadcast|Anew|Watch|Wake|Start|Silent' ./hooks/notices/ ./hooks/telemetry/

cover: need-go need-tools ## report how much of the code the Go tests run
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	go tool cover -func=coverage.out | tail -n 1

bench: build need-tools ## measure beside the rivals
	go run ./bench

manual: need-go ## write the manual pages and the completions of the shells into .cache/manual
	MANUAL=$(CURDIR)/.cache/manual go test -count=1 -run '^TestManual$$' .

sbom-ui: need-node # what the web app was built from
	@mkdir -p .cache/manual
	npm sbom --prefix ui --package-lock-only --omit dev --sbom-format cyclonedx --sbom-type application > .cache/manual/onlibrary-web.cdx.json

packages: need-go need-node $(TOOLS)/goreleaser $(TOOLS)/cyclonedx-gomod ## build for every system, with packages and checksums, into .cache/dist
	PATH="$(TOOLS):$$PATH" $(TOOLS)/goreleaser release --snapshot --clean

# Slow, or only root's, or of a machine of its own.
OPS := $(addprefix ./,$(sort $(dir $(shell git ls-files --cached --others --exclude-standard '*_ops_test.go'))))
test-ops: need-go need-node need-tools ui manual $(TOOLS)/goreleaser ## run the tests that need root or long, packages in a fresh Debian among them
	@sh packaging/need.sh ops
	go test -tags ops -count=1 -timeout 120m -p 1 -run '^TestOps' -v $(OPS)

release-data: need-go ## keep a data folder of this program for the tests of upgrades, as those of VERSION
	KEEP=$(VERSION) go test -run KeepRelease ./hooks/upgrade

lint: need-go $(TOOLS)/golangci-lint ## look for mistakes
	go vet ./...
	$(TOOLS)/golangci-lint run ./...

format: need-go ## format the Go code
	gofmt -w $(GOFILES)

ui: need-node ui/node_modules ## build the web app into ui/dist
	npm run --silent build --prefix ui

ui/node_modules: ui/package-lock.json
	npm ci --no-audit --no-fund --loglevel error --prefix ui
	@touch $@

need-go:
	@sh packaging/need.sh go

need-node:
	@sh packaging/need.sh node

need-tools: $(TOOLS)/mailpit $(TOOLS)/pebble $(TOOLS)/versitygw
	@sh packaging/need.sh tools

$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

$(TOOLS)/mailpit: | need-go # a mail server for tests
	GOBIN=$(TOOLS) go install github.com/axllent/mailpit@v1.27.11

$(TOOLS)/pebble: | need-go # a certificate authority for tests, and a name server for it
	GOBIN=$(TOOLS) go install github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1 github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv@v2.10.1

$(TOOLS)/versitygw: | need-go # an S3 server for tests
	GOBIN=$(TOOLS) go install github.com/versity/versitygw/cmd/versitygw@v1.8.0

# Built by an older Go than ours: what it is made of does not build with the newest.
$(TOOLS)/goreleaser: | need-go # makes releases
	GOTOOLCHAIN=go1.26.8 GOBIN=$(TOOLS) go install github.com/goreleaser/goreleaser/v2@v2.16.0

$(TOOLS)/cyclonedx-gomod: | need-go # lists what a program was built from
	GOBIN=$(TOOLS) go install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

$(TOOLS)/air:
	GOBIN=$(TOOLS) go install github.com/air-verse/air@v1.67.4

clean: ## remove what was built
	rm -rf onlibrary ui/dist/assets ui/dist/index.html ui/node_modules .cache coverage.out
