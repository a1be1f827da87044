# Everything a newcomer types: `make demo`, `make test`. Each sets up what it needs (dev/setup) and builds
# once, in build/release. JOBS=N limits the compilers that run at a time.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
BUILD := build/release

.PHONY: build test demo install setup check bench bench-quick clean

build: setup
	@cmake --build $(BUILD) --target laconic -j $(JOBS)

test: setup
	@cmake --build $(BUILD) -j $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure

demo: build
	@runs/demo.sh

install: build
	@cmake --install $(BUILD) --prefix "$(PREFIX)"

# Against the peers (bench/run --help says how; TABLES="train generate" for some). Quick: no peers, no times asserted.
bench: build bench-build
	@bench/run $(TABLES)

bench-quick: build bench-build
	@bench/run --quick

.PHONY: bench-build
bench-build: setup
	@cmake --build $(BUILD) -j $(JOBS) --target bench_train_step --target bench_sample --target bench_gemm \
	  --target bench_generate --target bench_train_documents --target bench_tokenizer --target bench_verifier

check: setup
	@dev/check

# Installs what is missing and configures the build; a stamp makes the second run immediate.
setup:
	@dev/setup

clean:
	rm -rf build
