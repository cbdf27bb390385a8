.PHONY: help announce setup packages python backbone build demo test test-docker architectures lint lint-all clean

help:
	@echo "make demo      set everything up and train on real images"
	@echo "make test      set everything up and run all tests"
	@echo "make test-docker  build the Docker image and check it"
	@echo "make architectures  cut 24 networks at every stage and update the table in docs/backbones.md"
	@echo "make setup     packages, .venv, default backbone, build"
	@echo "make lint      format and static checks of changed files (lint-all: of all)"
	@echo "make clean     remove build/"

announce:
	@bash setup/announce.sh

packages: announce
	@bash setup/install_debian_packages.sh setup/debian-packages.txt

python: packages
	@bash setup/python_environment.sh

backbone: python
	@bash setup/export_backbone.sh

build: backbone
	@bash setup/build.sh

setup: build

demo: setup
	@bash setup/demo.sh

test: setup
	@bash setup/test.sh

test-docker: python
	@bash tests/docker/run.sh

architectures: setup
	@.venv/bin/python tests/architectures/run.py --check build/tests/architecture_check --table docs/backbones.md

lint lint-all: build
	@bash setup/install_debian_packages.sh setup/debian-packages-lint.txt
	@bash setup/lint.sh $(if $(filter lint-all,$@),--all)

clean:
	rm -rf build
