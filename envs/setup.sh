#!/usr/bin/env bash
# Make the environment .venv from the lock file. Does nothing when it is there already.
set -euo pipefail
cd "$(dirname "$0")/.."

lock=envs/requirements.lock
stamp=.venv/.installed-$(sha256sum "$lock" | cut -c1-16)
[[ -e $stamp ]] && exit 0

refuse() {
  echo "setup: $*" >&2
  exit 1
}

python=${PYTHON:-python3.11}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true)
[[ $version == 3.11 ]] ||
  refuse "Python 3.11 is needed (Blender's wheel exists for no other version) and '$python' is" \
    "${version:-not there}: install python3.11 or name it with PYTHON=/path/to/python3.11."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  refuse "$python has no venv module: install it (Debian, Ubuntu: apt-get install python3.11-venv)."

# Blender's wheel links to these and does not bring them. library:package
missing=()
known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p)
for pair in libGL.so.1:libgl1 libICE.so.6:libice6 libSM.so.6:libsm6 libX11.so.6:libx11-6 \
  libXext.so.6:libxext6 libXfixes.so.3:libxfixes3 libXi.so.6:libxi6 libXrender.so.1:libxrender1 \
  libXt.so.6:libxt6 libXxf86vm.so.1:libxxf86vm1 libgomp.so.1:libgomp1 \
  libxkbcommon.so.0:libxkbcommon0; do
  [[ $known == *"${pair%%:*} "* ]] || missing+=("${pair##*:}")
done
((${#missing[@]} == 0)) ||
  refuse "Blender needs system libraries that are missing: apt-get install ${missing[*]}"

needed_gb=13 # 8.3 GB installed, and the largest wheels once more while they are unpacked
free_gb=$(($(df -Pk . | awk 'NR == 2 {print $4}') / 1024 / 1024))
((free_gb >= needed_gb)) ||
  refuse "the environment takes $needed_gb GB of disk while it is installed and $PWD has" \
    "$free_gb GB free: free some space or clone to a larger disk."

echo "setup: installing the environment into .venv (8.3 GB, a few minutes) ..."
.venv/bin/python -c 'import sys; assert sys.version_info[:2] == (3, 11)' 2>/dev/null ||
  "$python" -m venv --clear .venv # else only what changed in the lock file is installed
pip=(.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input
  --require-hashes --no-deps --requirement)

# uv does it in a seventh of pip's time, but knows nothing of pip's settings: where these are needed
# to reach an index, pip does it. What uv downloads lies beside the environment and is linked into it.
uv=.venv/.uv
mkdir -p "$uv"
trap 'rm -rf "$uv"' EXIT
awk '/^uv==/ {found = 1} found {print} found && !/\\$/ {exit}' "$lock" >"$uv/requirements.txt"
"${pip[@]}" "$uv/requirements.txt"
UV_CACHE_DIR=$uv/cache .venv/bin/uv pip install --quiet --system-certs \
  --python .venv/bin/python --require-hashes --no-deps --requirements "$lock" || {
  echo "setup: uv cannot install it; pip does, which takes longer ..."
  "${pip[@]}" "$lock"
}
touch "$stamp"
echo "setup: done. To use it by hand: source .venv/bin/activate"
