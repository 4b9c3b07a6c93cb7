SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build test demo serve bench fuzz races lint arrows clean
MAKEFLAGS += --no-print-directory

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do printf '  make %-8s%s\n' "$$name" "$$text"; done

build: ## the library alone, with no trait: needs libpq-dev and nothing else
	@Scripts/toolchain
	@Scripts/packages libpq-dev
	@swift build

test: ## every test of both packages, on a throw-away PostgreSQL cluster
	@Scripts/toolchain
	@Scripts/packages libpq-dev postgresql libmicrohttpd-dev
	@Scripts/cluster run --throwaway Scripts/test

demo: ## 2,000 orders fulfilled on a private PostgreSQL cluster, by providers that fail, and an audit of the books
	@Scripts/toolchain
	@Scripts/packages libpq-dev postgresql libmicrohttpd-dev
	@Scripts/cluster run .postgres Scripts/demo

serve: ## 2,000 orders from HTTP to a read model, and the service keeps running until Ctrl-C (PORT=8080 chooses the port)
	@Scripts/toolchain
	@Scripts/packages libpq-dev postgresql libmicrohttpd-dev
	@Scripts/cluster run .postgres Scripts/serve

bench: ## measurements beside pgbench in the same run (ONLY=append|read|codec|execute|project|process|log|rivals|size, BENCH_SECONDS=10)
	@Scripts/toolchain
	@Scripts/packages libpq-dev postgresql
	@CLUSTER_COUNTS_STATEMENTS=yes Scripts/cluster run --throwaway Scripts/bench

fuzz: ## libFuzzer against the JSON coders, with Foundation as the oracle (FUZZ_SECONDS=60)
	@Scripts/toolchain
	@Scripts/fuzz

races: ## the tests in which tasks meet, under ThreadSanitizer
	@Scripts/toolchain
	@Scripts/packages libpq-dev postgresql libmicrohttpd-dev
	@Scripts/cluster run --throwaway Scripts/races

lint: ## swift format, every rule an error
	@Scripts/toolchain
	@Scripts/lint

arrows: ## each module imports only what the design lets it import
	@Scripts/toolchain
	@Scripts/arrows

clean: ## removes what the other targets made
	@Scripts/cluster stop .postgres
	@rm -rf .postgres .build SampleApp/.build Benchmarks/.build
