# shellcheck shell=bash
# What every script here shares. Source it; it changes no directory and prints nothing by itself.

# The checkout this script belongs to, whatever its folder is called and wherever the caller stands.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
# shellcheck disable=SC2034 # used by the scripts that source this file
readonly ROOT

# How the package is built by every check, so that one build serves them all: warnings are errors.
# shellcheck disable=SC2034
readonly STRICT=(-Xswiftc -warnings-as-errors -Xcc -Wall -Xcc -Wextra -Xcc -Werror)

say() { printf '%s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# trim TEXT: without the blanks around it.
trim() {
    local text=$1
    text="${text#"${text%%[![:space:]]*}"}"
    printf '%s' "${text%"${text##*[![:space:]]}"}"
}

# hide_gtk FOLDER: from here on this shell and what it starts find every library but GTK, as on a machine without it. FOLDER
# is filled with links to what pkg-config knows. The Swift package manager asks it for its path, and reads the files itself.
hide_gtk() {
    local folder=$1 path file part real
    real="$(command -v pkg-config)" || die "pkg-config is not installed."
    path="${PKG_CONFIG_PATH:-}:$("$real" --variable pc_path pkg-config)"
    mkdir -p "$folder/bin" "$folder/files"
    local -a parts
    IFS=: read -r -a parts <<<"$path"
    for part in "${parts[@]}"; do
        for file in "$part"/*.pc; do
            if [[ -e $file && ${file##*/} != gtk4* && ! -e $folder/files/${file##*/} ]]; then ln -s "$file" "$folder/files/"; fi
        done
    done
    printf '#!/bin/sh\nif [ "$*" = "--variable pc_path pkg-config" ]; then echo "%s"; else exec "%s" "$@"; fi\n' \
        "$folder/files" "$real" >"$folder/bin/pkg-config"
    chmod +x "$folder/bin/pkg-config"
    unset PKG_CONFIG_PATH
    export PKG_CONFIG_LIBDIR="$folder/files" PATH="$folder/bin:$PATH"
}

# The time in milliseconds, from some moment on.
milliseconds() { local t=$EPOCHREALTIME && printf '%s' $((${t/[.,]/} / 1000)); }

# Usage text is the block of comments at the top of the script that asks for it.
print_usage() { sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p;}' "$0"; }

require_swift() {
    command -v swift >/dev/null 2>&1 && return 0
    die "there is no Swift toolchain in PATH. Roost needs Swift 6.2 or newer for Linux: install one from
swift.org (its install page has a section for Debian and one for Ubuntu), put its usr/bin folder into PATH and call this again."
}

# A new folder that is gone when the script ends, however it ends. Call it plainly, not in $(…): it sets TEMP.
make_temp() {
    TEMP="$(mktemp -d "${TMPDIR:-/tmp}/roost-${0##*/}.XXXXXX")"
    trap 'rm -rf -- "$TEMP"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Every file of the tree that is or would be committed, relative to ROOT, each ended by a NUL. A tree that came without
# Git (an archive) counts whole, but for build folders.
list_tree() {
    if git -C "$ROOT" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        (cd "$ROOT" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
            if [[ -e $file || -L $file ]]; then printf '%s\0' "$file"; fi
        done)
    else
        (cd "$ROOT" && find . -name '.build*' -prune -o -name .git -prune -o \( -type f -o -type l \) -printf '%P\0')
    fi
}

# sync_tree FOLDER: makes FOLDER a copy of the tree. Files that are equal already are not touched, so that a build folder
# inside FOLDER stays warm.
sync_tree() {
    # In there, under a name that is no part of the tree: an interrupted call leaves nothing elsewhere.
    local target=$1 file listing="$1/.build-tree"
    mkdir -p "$target"
    list_tree | LC_ALL=C sort -z >"$listing"
    while IFS= read -r -d '' file; do
        if [[ -L $ROOT/$file || ! -f $target/$file ]] || ! cmp -s -- "$ROOT/$file" "$target/$file"; then
            mkdir -p -- "$target/$(dirname -- "$file")"
            # Not with the old time: a build in there must see that the file changed.
            cp -P -- "$ROOT/$file" "$target/$file"
        fi
    done <"$listing"
    (cd "$target" && find . -name '.build*' -prune -o -name .git -prune -o \( -type f -o -type l \) -printf '%P\0') |
        LC_ALL=C sort -z | LC_ALL=C comm -z -13 "$listing" - | (cd "$target" && xargs -0 -r rm -f --)
    rm -f -- "$listing"
}

# in_session SECONDS COMMAND…: runs COMMAND in a session of its own and ends all of that session when it takes longer
# (status 124), and whatever it leaves behind. A process group would not do: swift test gives its test process another.
# SESSION is its number meanwhile, for a trap that calls end_session.
SESSION=""
in_session() {
    local limit=$1 status=0 deadline
    shift
    deadline=$((SECONDS + limit))
    setsid -- "$@" 3>&- &
    SESSION=$!
    while kill -0 "$SESSION" 2>/dev/null; do
        if [[ $SECONDS -ge $deadline ]]; then
            end_session
            wait "$SESSION" 2>/dev/null || true
            SESSION=""
            return 124
        fi
        sleep 0.1
    done
    wait "$SESSION" || status=$?
    end_session
    SESSION=""
    return "$status"
}

# end_session: ends what is left of SESSION, politely for five seconds (it may have to end a session of its own), then at
# once.
end_session() {
    [[ -n $SESSION ]] || return 0
    local signal file stat pid try
    local -a stat_fields
    for signal in TERM KILL; do
        for ((try = 0; try < 50; try++)); do
            local -a left=()
            for file in /proc/[0-9]*/stat; do
                { read -r stat <"$file"; } 2>/dev/null || continue
                pid="${stat%% *}"
                # After the name, which may hold anything: state, parent, group, session.
                read -r -a stat_fields <<<"${stat##*) }"
                if [[ ${stat_fields[3]} == "$SESSION" && ${stat_fields[0]} != Z ]]; then left+=("$pid"); fi
            done
            [[ ${#left[@]} -gt 0 ]] || return 0
            if [[ $try -eq 0 ]]; then kill "-$signal" "${left[@]}" 2>/dev/null || true; fi
            sleep 0.1
        done
    done
}

# show_build_log FILE: what a failed build said, once each (the builder repeats an error for every file it compiles along
# with it), without its progress.
show_build_log() {
    { grep -avE '^\[[0-9]+/[0-9]+\] |^(Building for|\[?[0-9]+/[0-9]+\]? Write)' "$1" || cat "$1"; } |
        awk '/: (error|warning|note):/ { skip = seen[$0]++ } !skip' | head -n 120
}
