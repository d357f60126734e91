#!/bin/sh
# Pays the November payroll in test mode over HTTP: creates the run, approves it, and reports it with the wallet's figures.
#
#   FLOE_URL=http://127.0.0.1:8700 FLOE_TOKEN=pat_… examples/payroll/run.sh
#
# FLOE_TOKEN is a personal access token of an owner with the scopes treasury.read, treasury.write and treasury.approve, in a workspace whose
# setting token_approvals is on (PATCH /console/v1/workspace). Where two or more people may approve, nobody approves a run of their own:
# FLOE_APPROVER_TOKEN then is the token of another one. Needs curl and awk.
set -eu

url=${FLOE_URL:-http://127.0.0.1:8700}/api/v1
token=${FLOE_TOKEN:?set FLOE_TOKEN to a personal access token}
approver=${FLOE_APPROVER_TOKEN:-$token}
here=$(dirname "$0")
now=$(date +%s)
wait_seconds=60

# call METHOD PATH [BODY]: the answer's body; anything but a 2xx ends the script with what the server said.
call() {
    if ! answer=$(send "$@"); then
        echo "$1 $2: $answer" >&2
        exit 1
    fi
    printf '%s' "$answer"
}

# The body comes by standard input: a whole payroll is more than a command line takes.
send() {
    auth="Authorization: Bearer ${bearer:-$token}"
    mode='X-FlowPilot-Mode: test'
    if [ $# -eq 2 ]; then
        curl -sS --fail-with-body -X "$1" "$url$2" -H "$auth" -H "$mode"
    else
        printf '%s' "$3" | curl -sS --fail-with-body -X "$1" "$url$2" -H "$auth" -H "$mode" \
            -H 'Content-Type: application/json' --data-binary @-
    fi
}

# field NAME: the first member of that name in an answer, without quotes.
field() {
    awk -v name="\"$1\":\"?" 'match($0, name "[^\",}]*") {
        value = substr($0, RSTART, RLENGTH)
        sub(name, "", value)
        print value
        exit
    }'
}

# candidates FILE: the rows of a simple CSV file as a JSON list.
candidates() {
    awk -F, 'NR == 1 { printf "["; next }
        { printf "%s{\"beneficiary_name\":\"%s\",\"account_number\":\"%s\",\"institution_code\":\"%s\",\"amount\":%s,\"purpose\":\"%s\"}", (NR > 2 ? "," : ""), $1, $2, $3, $4, $5 }
        END { printf "]" }' "$1"
}

# await RUN PHASE: waits until the run is there.
await() {
    tries=0
    while :; do
        phase=$(call GET "/runs/$1" | field phase)
        [ "$phase" = "$2" ] && return
        case $phase in failed | cancelled | completed | completed_with_errors) break ;; esac
        tries=$((tries + 1))
        [ "$tries" -le $((wait_seconds * 5)) ] || break
        sleep 0.2
    done
    echo "run $1 is $phase, and should be $2" >&2
    exit 1
}

# create OBJECTIVE FILE: the id of a new run that waits for approval.
create() {
    id=$(call POST /runs "{\"objective\":\"$1\",\"budget_cap\":60000000,\"candidates\":$(candidates "$2")}" | field id)
    await "$id" awaiting_approval
    printf '%s' "$id"
}

approve() (
    bearer=$approver
    call POST "/runs/$1/approve" '{"notes":"payroll example"}'
)

echo "Wallet: 50,000,000.00 are credited."
call POST /wallet/topup "{\"amount\":50000000,\"reference\":\"payroll-$now\",\"description\":\"Payroll example\"}" >/dev/null

# The blocked account may stand on the list from an earlier try.
call GET /org/blocklist | grep -q 0000210390 ||
    call POST /org/blocklist '{"kind":"account_number","value":"0000210390","reason":"payroll example"}' >/dev/null

echo "Two of the staff are paid before."
earlier=$(create "Pay two of the field staff early" "$here/earlier-today.csv")
approve "$earlier" >/dev/null
await "$earlier" completed

november=$(create "Pay November field staff" "$here/november.csv")
echo "Run $november waits for approval:"
for decision in auto_approved needs_review blocked; do
    total=$(call GET "/runs/$november/candidates?risk_decision=$decision&limit=1" | field total)
    echo "  $decision $total"
done

approve "$november" >/dev/null
await "$november" completed
echo "It was approved without the blocked ones, and is paid. Its report:"
call GET "/runs/$november/report" | cut -c 1-1200
echo
echo "Wallet:"
call GET /wallet
echo
echo "Its last ledger lines:"
call GET '/wallet/transactions?limit=3'
echo
