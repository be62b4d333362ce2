#!/usr/bin/env bash
# Builds the unchanged Dockerfile without Docker and without a registry, and runs the result as its user.
#
#   make setup; scripts/build_image.sh [FOLDER]
#
# Needs root, and from the distribution: apt-get install buildah crun debootstrap bubblewrap.
#
# The base is made here from Debian's own packages and given the name that FROM asks for. What this proves: the
# Dockerfile parses and its stages fit together, the build context is complete, the locks install, the user, the entry
# point, HEALTHCHECK and labels are as written, the program starts as that user, who cannot
# change it, and refuses wrong settings; there is no pip and no compiler in the result; a worker on a read-only root
# does its work on a local Kafka, is healthy by HEALTHCHECK's own command, and ends with 0 when it is told to.
# What it does not: anything particular to the published base (its patch version of Python, its packages, its size, its
# vulnerabilities), a container runtime other than chroot, networks, a real `docker compose up`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=${1:-$(mktemp -d)}
mkdir -p "$work"
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --root "$work/store" --runroot "$work/run" "$@"; }
say() { printf '\n== %s\n' "$*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
for program in buildah debootstrap bwrap; do
    command -v "$program" >/dev/null || fail "there is no $program; apt-get install buildah crun debootstrap bubblewrap"
done

base=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' Dockerfile | sort -u)
[ "$(wc -l <<<"$base")" -eq 1 ] || fail "the stages have different bases: $base"
suite=${base##*-}
if [ ! -e "$work/root/usr/bin/python3" ]; then
    say "a base of Debian $suite, in place of $base"
    debootstrap --variant=minbase --include=python3,python3-venv,python3-dev "$suite" "$work/root" >"$work/debootstrap.log"
    ln -s /usr/bin/python3 "$work/root/usr/local/bin/python"
    ln -s /usr/bin/python3 "$work/root/usr/local/bin/python3"
fi
tar -C "$work/root" -cf "$work/root.tar" .
container=$(buildah from scratch)
buildah add -q "$container" "$work/root.tar" / >/dev/null
buildah config --env PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin "$container"
buildah commit -q --rm "$container" "localhost/$base" >/dev/null

say 'the image'
# The machine's certificates, for whoever reaches the package index through a mirror of his own; only for the build.
buildah bud --pull-never --format docker --layers=false -q \
    -v /etc/ssl/certs:/etc/ssl/certs:ro --env PIP_CERT=/etc/ssl/certs/ca-certificates.crt -t slawatch:try . >"$work/id"

say 'what it says of itself'
buildah inspect --type image slawatch:try >"$work/image.json"
python3 - "$work/image.json" <<'PYTHON'
import json, sys
config = json.load(open(sys.argv[1]))["Docker"]["config"]
assert config["User"] == "10001:10001", config["User"]
assert config["Entrypoint"] == ["slawatch"] and config["Cmd"] == ["worker"], config
assert config["Healthcheck"]["Test"][:2] == ["CMD", "python"], config["Healthcheck"]
assert config["Labels"]["org.opencontainers.image.title"] == "slawatch", config["Labels"]
open(sys.argv[1] + ".healthcheck", "w").write("\0".join(config["Healthcheck"]["Test"][1:]))
print("user", config["User"], "entry point", config["Entrypoint"], config["Cmd"])
PYTHON

say 'what it does'
container=$(buildah from --pull-never slawatch:try)
trap 'buildah rm "$container" >/dev/null' EXIT
inside() { buildah run "$container" -- "$@"; }
inside slawatch --version
[ "$(inside id -u)" = 10001 ] || fail 'it does not run as its user'
inside python -c 'import rocksdict'
inside python -c 'from slawatch.core import assess; assert not assess.__file__.endswith(".py")' || fail 'it is not compiled'
inside sh -c 'test -w /var/lib/slawatch' || fail 'its user cannot write its data'
inside sh -c '! touch /opt/slawatch/x 2>/dev/null' || fail 'its user can write its program'
inside sh -c 'for program in pip pip3 gcc cc make; do ! command -v $program || exit 1; done' || fail 'there are build tools'
inside sh -c '! python -c "import pip" 2>/dev/null' || fail 'pip can be imported'
said=$(inside sh -c 'SLAWATCH_PARTITIONS=many slawatch worker 2>&1; test $? -eq 2') || fail 'a wrong setting was not refused'
grep -q '^SLAWATCH_PARTITIONS: ' <<<"$said" || fail "a wrong setting was refused, but not by its name: $said"
echo "$said"

say 'a worker on a read-only root'
root=$(buildah mount "$container")
kafka_port=$((20000 + RANDOM % 10000)) web_port=$((30000 + RANDOM % 2000))
.venv/bin/python -m slawatch.local_kafka --folder "$work/kafka-$kafka_port" --port "$kafka_port" >"$work/kafka.log" 2>&1 &
kafka=$!
trap 'kill $kafka 2>/dev/null; wait $kafka 2>/dev/null || true; buildah rm "$container" >/dev/null; rm -rf "$work/kafka-$kafka_port"' EXIT
until grep -q '^kafka runs' "$work/kafka.log"; do kill -0 $kafka 2>/dev/null || fail "$(cat "$work/kafka.log")"; sleep 0.2; done
contained() {
    env -i bwrap --unshare-user --unshare-pid --uid 10001 --gid 10001 --cap-drop ALL --die-with-parent --ro-bind "$root" / \
        --dev /dev --proc /proc --tmpfs /mnt --ro-bind examples/agreements.yaml /mnt/agreements --setenv PATH /opt/slawatch/bin:/usr/local/bin:/usr/bin:/bin \
        --setenv SLAWATCH_BROKERS "127.0.0.1:$kafka_port" --setenv SLAWATCH_AGREEMENTS /mnt/agreements \
        --setenv SLAWATCH_WEB_HOST 127.0.0.1 --setenv SLAWATCH_WEB_PORT "$web_port" "$@"
}
mapfile -d '' -t health <"$work/image.json.healthcheck"
contained slawatch topics | tail -1
contained slawatch worker >"$work/worker.log" 2>&1 &
worker=$!
for _ in $(seq 60); do
    kill -0 $worker 2>/dev/null || fail "$(cat "$work/worker.log")"
    if contained "${health[@]}" 2>/dev/null && grep -q 'partition restored' "$work/worker.log"; then healthy=yes; break; fi
    sleep 0.5
done
[ "${healthy:-no}" = yes ] || fail "not healthy within a minute: $(cat "$work/worker.log")"
last=$worker  # of a chain of one child each: this shell's, bwrap's two, the worker
while child=$(pgrep --parent "$last"); do last=$child; done
kill -TERM "$last"
wait $worker || fail "it ended with $?: $(tail -3 "$work/worker.log")"
echo 'healthy, and ended by SIGTERM with 0'
say "all well; about $(du -sm "$(buildah mount "$container")/opt/slawatch" | cut -f1) MB of program in the image"
