# Rapport. `make` lists the commands.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# One set of flags everywhere: another one would build everything a second time. `swift test` would add -enable-testing
# once more by itself, which is another set: hence --disable-testable-imports.
SWIFT_FLAGS := -c release -Xswiftc -enable-testing
SWIFT_TEST := Tools/run-tests $(SWIFT_FLAGS) --disable-testable-imports
SWIFT_SOURCES = $$(git ls-files --cached --others --exclude-standard '*.swift' | grep -v '\.pb\.swift$$')
VENV := .venv

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: run
run: ## Build, start the suite, load the case study, print what to try
	@Tools/install-packages build
	@echo "building (the first time takes some minutes) ..."
	@swift build $(SWIFT_FLAGS)
	@exec "$$(swift build $(SWIFT_FLAGS) --show-bin-path)/rapport" up

.PHONY: test
test: ## Everything that must hold: format, fresh generated code, all tests, clients of other makers
	@Tools/install-packages build test
	@$(MAKE) --no-print-directory check-format
	swift build $(SWIFT_FLAGS)
	@$(MAKE) --no-print-directory check-protos
	$(SWIFT_TEST) --skip EndToEndTests
	$(SWIFT_TEST) --skip-build --filter EndToEndTests
	@$(MAKE) --no-print-directory interop

.PHONY: check-format
check-format: ## swift format finds nothing to say
	@swift format lint --strict $(SWIFT_SOURCES)
	@echo "format: clean"

.PHONY: format
format: ## Let swift format rewrite the sources
	@swift format --in-place $(SWIFT_SOURCES)

.PHONY: protos
protos: ## Rewrite the generated code from Protos/
	@Tools/install-packages build test
	swift build $(SWIFT_FLAGS) --product protoc-gen-rapport
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && Tools/generate-protos "$$out" \
		&& rm -rf Shared/CDescriptor/* Shared/CStandard/* Shared/CSchema/* Shared/Standard/*.pb.swift Shared/Schema/*.pb.swift \
		&& cp -r "$$out"/{CDescriptor,CStandard,CSchema,Standard,Schema} Shared/ \
		&& rm -rf Tests/OfficialInterop/{CTesting,Testing} && cp -r "$$out"/{CTesting,Testing} Tests/OfficialInterop/ \
		&& rm -rf Examples/Greeter/CGreeter && cp -r "$$out"/CGreeter Examples/Greeter/ && cp "$$out"/Greeter/* Examples/Greeter/Greeter/ \
		&& rm -rf Benchmarks/Peers/CPeers && cp -r "$$out"/CPeers Benchmarks/Peers/ && cp "$$out"/Peers/* Benchmarks/Peers/rapport/

.PHONY: check-protos
check-protos: $(VENV)/ready ## Generated code is fresh, buf's linter has nothing to say
	@out=$$(mktemp -d) && trap 'rm -rf "$$out"' EXIT && Tools/generate-protos "$$out" \
		&& for module in CDescriptor CStandard CSchema Standard Schema; do \
			diff -r "$$out/$$module" "Shared/$$module" | grep -v '^Only in Shared/[A-Za-z]*: DescriptorPool' || true; \
		done | tee "$$out/differences" \
		&& for module in CTesting Testing; do diff -r "$$out/$$module" "Tests/OfficialInterop/$$module" || true; done | tee -a "$$out/differences" \
		&& { diff -r "$$out/CGreeter" Examples/Greeter/CGreeter; diff "$$out/Greeter/greeter.pb.swift" Examples/Greeter/Greeter/greeter.pb.swift; \
			diff -r "$$out/CPeers" Benchmarks/Peers/CPeers; diff "$$out/Peers/peers.pb.swift" Benchmarks/Peers/rapport/peers.pb.swift; } \
			| tee -a "$$out/differences" \
		&& { [ ! -s "$$out/differences" ] || { echo "generated code is stale: run 'make protos'"; exit 1; }; }
	@cd Protos && ../$(VENV)/bin/buf lint
	@echo "protos: fresh, lint clean"

.PHONY: kill-test
kill-test: ## kill -9 of each process at 50 random instants while the case study loads: the same figures
	swift build $(SWIFT_FLAGS)
	Tests/EndToEnd/kill-test

.PHONY: kill-load
kill-load: $(VENV)/ready ## kill -9 of each service in turn under mixed load: nothing answered is lost, nothing counts twice
	swift build $(SWIFT_FLAGS)
	$(VENV)/bin/python Tests/EndToEnd/kill-load

.PHONY: durability
durability: ## strace shows a sync of the disk between each write and its answer
	swift build $(SWIFT_FLAGS)
	Tests/EndToEnd/durability

.PHONY: interop
interop: $(VENV)/ready ## Clients of other makers against the running suite
	$(VENV)/bin/python -m pytest -q Tests/Interop

.PHONY: grpc-interop
grpc-interop: $(VENV)/ready ## gRPC's interoperability tests: our client and server with the official Ruby, Go, C++ ones and grpcio
	@Tools/install-packages build peers
	Tests/OfficialInterop/build-grpc-go .interop/grpc-go
	Tests/OfficialInterop/build-grpc-cpp .interop/grpc-cpp
	swift build $(SWIFT_FLAGS) --product grpc-interop
	$(VENV)/bin/python Tests/OfficialInterop/run

.PHONY: example
example: ## A package outside the suite, built on its runtime: server, client, unary and streaming
	@Tools/install-packages build
	swift run -c release --package-path Examples/Greeter greeter

.PHONY: docs
docs: ## The documentation of HTTP, RPC and Protobuf as a library, into .build-docs
	@Tools/install-packages build
	swift build $(SWIFT_FLAGS)
	@Tools/make-docs

.PHONY: conformance
conformance: ## protobuf's own conformance tests of the wire format and of JSON
	@Tools/install-packages build peers
	swift build $(SWIFT_FLAGS) --product protoc-gen-rapport
	Tests/Conformance/run

.PHONY: attack
attack: ## Attacks on a real server with an honest client beside them: memory, CPU, p99 [ATTACK="--only ping --repeats 1"]
	swift build $(SWIFT_FLAGS) --product grpc-interop
	Tests/Attack/attack $(ATTACK)

.PHONY: fuzz
fuzz: ## libFuzzer over what strangers send: all five doors, or some [FUZZ="server client wire json http" SECONDS=60]
	@Tools/install-packages build
	SECONDS_EACH=$(or $(SECONDS),60) Tests/Fuzz/fuzz $(FUZZ)

.PHONY: sanitize
sanitize: ## The whole suite under AddressSanitizer and ThreadSanitizer [SANITIZE="address thread" FILTER=RPCTests]
	@Tools/install-packages build test
	FILTER="$(FILTER)" Tests/Sanitizers/sanitize $(SANITIZE)

.PHONY: load
load: $(VENV)/ready ## h2load against one service: SERVICE=goals [MODE=read|write] [SECONDS=10]
	swift build $(SWIFT_FLAGS)
	$(VENV)/bin/python Tests/Load/load $(SERVICE) $(or $(MODE),read) $(or $(SECONDS),10)

.PHONY: bench
bench: bench-suite bench-peers ## How quick it is: the suite, then the runtime beside other makers'

.PHONY: bench-suite
bench-suite: ## The suite: latency of evidence, writes, reads, replay, starts, memory [BENCH="--only writes --seconds 10"]
	swift build $(SWIFT_FLAGS)
	swift build -c release --package-path Benchmarks
	@echo "$$(swift --version 2>/dev/null | head -1)"
	@RAPPORT_BIN="$$(swift build $(SWIFT_FLAGS) --show-bin-path)" \
		exec "$$(swift build -c release --package-path Benchmarks --show-bin-path)/suite-bench" $(BENCH)

.PHONY: bench-matching
bench-matching: ## A matching run over 5,000 coachees and 5,000 coaches: its time and memory [SIZE=5000]
	@Tools/install-packages build
	MATCHING_SIZE=$(or $(SIZE),5000) $(SWIFT_TEST) --filter MatchingTests.ScaleTests

.PHONY: bench-peers
bench-peers: $(VENV)/ready ## The runtime beside nghttp2, gRPC C++, grpc-go, grpc-swift-2 [PEERS="--only unary --rounds 3"]
	@Tools/install-packages build test peers
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Benchmarks/Peers/requirements.txt
	Benchmarks/Peers/build .build-peers grpc-swift
	PATH="$$PWD/$(VENV)/bin:$$PATH" Benchmarks/Peers/run $(PEERS)

.PHONY: containers
containers: ## The suite in real containers, built, loaded, killed, cut off; as root; skipped where no engine starts
	swift build $(SWIFT_FLAGS) --product rapport
	Tests/Containers/containers

$(VENV)/ready: Tests/Interop/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r Tests/Interop/requirements.txt
	touch $@

.PHONY: clean
clean: ## Remove what was built; .rapport/ with its data stays
	rm -rf .build .build-address .build-thread .build-fuzz .build-peers .interop Benchmarks/.build $(VENV)
