# Shared by the scripts of deploy/ and tests/. Sourced, never run.
# Every message stands in Chinese first, then in English.

say() { printf '%s / %s\n' "$1" "$2"; }
die() {
    printf '错误：%s / error: %s\n' "$1" "$2" >&2
    exit "${3:-1}"
}

# ensure_packages ROOT USE…: install what deploy/packages.txt lists for these uses and is missing.
ensure_packages() {
    local root=$1 use name missing=() log
    shift
    while read -r name use _; do
        [[ -z $name || $name == \#* || " $* " != *" $use "* ]] && continue
        dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
    done <"$root/deploy/packages.txt"
    ((${#missing[@]})) || return 0

    [[ $EUID -eq 0 ]] || die "缺少软件包，请以 root 运行：apt-get install ${missing[*]}" \
        "packages are missing, run as root: apt-get install ${missing[*]}" 3
    say "安装 ${#missing[@]} 个软件包：${missing[*]}" "installing ${#missing[@]} packages"
    log=$(mktemp /var/tmp/lianshu-apt.XXXXXX)
    if ! { DEBIAN_FRONTEND=noninteractive apt-get -q update &&
        DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
            -o Dpkg::Use-Pty=0 install "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        die "软件包安装失败，详见 $log" "packages could not be installed, see $log"
    fi
    rm -f "$log"
}

# build_tree ROOT BUILD CMAKE-OPTION…: configure and build, with a progress line every tenth.
build_tree() {
    local root=$1 build=$2 log=$2/build.log
    shift 2
    mkdir -p "$build"
    if ! cmake -G Ninja -S "$root" -B "$build" \
        -DCMAKE_RUNTIME_OUTPUT_DIRECTORY="$build/bin" "$@" >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        die "配置失败，详见 $log" "configuring failed, see $log"
    fi
    if ! NINJA_STATUS='[%f/%t] ' ninja -C "$build" 2>&1 | tee -a "$log" | build_progress; then
        grep -v '^\[' "$log" | tail -n 40 >&2
        die "编译失败，详见 $log" "build failed, see $log"
    fi
}

build_progress() {
    awk -F'[][/ ]' '
        /^\[[0-9]+\/[0-9]+\]/ {
            tenth = int(10 * $2 / $3)
            if (tenth > shown) { shown = tenth; printf "编译 / building %d%%\n", 10 * tenth; fflush() }
        }'
}

# work_dir: where scratch data of one run goes; a disk, never a memory file system by choice.
work_dir() { mktemp -d "${TMPDIR:-/var/tmp}/lianshu-$1.XXXXXX"; }
