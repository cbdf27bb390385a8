.PHONY: help announce debian-packages python backbone build setup demo test test-slurm test-slow test-report test-sanitizers test-faults test-soak fuzz package test-package \
        test-docker architectures onnx-architectures lint lint-all clean

help:
	@echo "make demo          set everything up, build the program and train on real images"
	@echo "make test          set everything up, build the tests too and run them"
	@echo "make setup         Debian packages, .venv, the default backbone, the program"
	@echo "make test-slurm    a batch on a Slurm that the test starts itself (as root)"
	@echo "make test-slow     small networks of others, cut at three stages each (make architectures: all of them)"
	@echo "make test-report   the reports in a headless browser, with screenshots in build/screenshots"
	@echo "make test-sanitizers  unit tests and some of the program's under address and thread sanitizers"
	@echo "make test-faults   fail the n-th open, read, write, rename, fsync, mmap of the program, for every n"
	@echo "make test-soak     JOBS=500 small jobs in two batches on one store, with random kills"
	@echo "make fuzz          fuzz everything that reads bytes from outside: SECONDS=60 for each target, TARGETS=\"png csv\""
	@echo "make package       a Debian package and a relocatable archive, in build/packages/"
	@echo "make test-package  build both packages and try them in a bare Debian 12 (as root)"
	@echo "make test-docker   build the Docker image and check it"
	@echo "make architectures cut 59 networks at every stage and update the table in docs/backbones.md"
	@echo "make onnx-architectures  export torchvision's networks as ONNX, scripted and traced, and compare their outputs"
	@echo "make lint          check format and code of changed files (lint-all: of all files)"
	@echo "make clean         remove build/"

announce:
	@bash setup/announce.sh

debian-packages: announce
	@bash setup/install_debian_packages.sh setup/debian-packages.txt

python: debian-packages
	@bash setup/python_environment.sh

backbone: python
	@bash setup/export_backbone.sh

build: backbone
	@bash setup/build.sh program

setup: build

demo: setup
	@bash setup/demo.sh

test: backbone
	@bash setup/build.sh all
	@bash setup/test.sh

test-slurm: backbone
	@bash setup/build.sh all
	@bash setup/test.sh slurm

test-slow: backbone
	@bash setup/build.sh all
	@bash setup/test.sh slow

test-report: backbone
	@bash setup/build.sh all
	@bash setup/test.sh report

test-sanitizers: backbone
	@bash setup/test_sanitizers.sh

test-faults: backbone
	@bash setup/test_endurance.sh faults

test-soak: backbone
	@bash setup/test_endurance.sh soak --jobs "$(or $(JOBS),500)"

fuzz: backbone
	@SECONDS_EACH="$(SECONDS)" TARGETS="$(TARGETS)" bash setup/fuzz.sh

package: backbone
	@bash setup/package.sh

test-package: package
	@bash tests/package/run.sh

test-docker: python
	@bash tests/docker/run.sh

architectures: backbone
	@bash setup/build.sh all
	@.venv/bin/python tests/architectures/run.py --check build/tests/architecture_check --table docs/backbones.md

onnx-architectures: backbone
	@bash setup/build.sh all
	@.venv/bin/python tests/architectures/onnx_files.py --transfer build/transfer

lint lint-all: build
	@bash setup/install_debian_packages.sh setup/debian-packages-lint.txt
	@bash setup/lint.sh $(if $(filter lint-all,$@),--all)

clean:
	rm -rf build
