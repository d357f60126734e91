#!/usr/bin/env bash
# Whether the server in this container is ready: its store answers, its runs move, its disk has room.
# Speaks HTTP over a socket of the shell, so that the image needs no other program. The port is that of FLOE_LISTEN.
set -euo pipefail

listen="${FLOE_LISTEN:-127.0.0.1:8700}"
port="${listen##*:}"

# A server that serves https itself is asked whether it accepts connections at all.
exec 3<>"/dev/tcp/127.0.0.1/${port}"
if [[ -n "${FLOE_TLS_CERT:-}" ]]; then
    exit 0
fi
printf 'GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "${port}" >&3
read -r -t 4 _ status _ <&3
[[ "${status}" == 200 ]]
