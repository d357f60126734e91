#!/bin/sh
# An experiment from nothing to its result over HTTP: app, two screen flows, audience, placement and experiment; a thousand users are
# shown what is decided for them, report what they did, and the funnel and the experiment's result are read.
#
#   FLOE_URL=http://127.0.0.1:8700 FLOE_TOKEN=pat_… examples/onboarding/run.sh
#
# FLOE_TOKEN is a personal access token of an owner or admin with the scope placements.manage. Everything happens in test mode: the SDK key is
# a test key. Needs curl 7.76 or later and awk.
set -eu

url=${FLOE_URL:-http://127.0.0.1:8700}
token=${FLOE_TOKEN:?set FLOE_TOKEN to a personal access token}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
users=1000
# Percent of the users of each flow who finish it.
control_rate=20
short_rate=30
events_per_request=99 # three of each user; 100 is the most
wait_seconds=30

# call METHOD PATH [BODY]: the answer's body; anything but a 2xx ends the script with what the server said.
call() {
    if ! answer=$(send "$@"); then
        echo "$1 $2: $answer" >&2
        exit 1
    fi
    printf '%s' "$answer"
}

send() {
    auth="Authorization: Bearer $token"
    if [ $# -eq 2 ]; then
        curl -sS --fail-with-body -X "$1" "$url$2" -H "$auth"
    else
        printf '%s' "$3" | curl -sS --fail-with-body -X "$1" "$url$2" -H "$auth" \
            -H 'Content-Type: application/json' --data-binary @-
    fi
}

# field NAME: the first member of that name in an answer, without quotes; fails, and with it the script, when there is none.
field() {
    awk -v name="\"$1\":\"?" '!found && match($0, name "[^\",}]*") {
        value = substr($0, RSTART, RLENGTH)
        sub(name, "", value)
        print value
        found = 1
    }
    END { exit !found }'
}

# publish NAME FILE: makes a screen flow of the file, publishes it, and answers the version's id.
publish() {
    flow=$(call POST "$app/flows" "{\"name\":\"$1\",\"type\":\"onboarding\",\"schema\":$(cat "$here/$2")}" | field id)
    call POST "$app/flows/$flow/publish" '{"note":"From the example"}' | field id
}

# ---------------------------------------------------------------------------------------------------------------------
# 1. The configuration.

app_id=$(call POST /v1/apps '{"name":"Lagos Fit","platform":"ios"}' | field id)
app=/v1/apps/$app_id
key=$(call POST /v1/api-keys '{"name":"Onboarding example","type":"sdk","environment":"test"}' | field key)
welcome=$(publish Welcome welcome.json)
short=$(publish 'Short welcome' short-welcome.json)
audience=$(call POST "$app/audiences" '{"name":"Nigeria or Ghana","filter":{"match":"all","conditions":[
    {"property":"country","operator":"in","value":["NG","GH"]},
    {"property":"app.version","operator":"semver_gte","value":"2.0"}]}}' | field id)
call POST "$app/placements" "{\"key\":\"onboarding\",\"platforms\":[\"ios\",\"android\"],
    \"default_flow_version_id\":\"$welcome\",\"audience_id\":\"$audience\"}" >/dev/null
experiment=$(call POST "$app/experiments" "{\"name\":\"Onboarding length\",\"placement_id\":\"onboarding\",\"hash_version\":2,\"variants\":[
    {\"name\":\"Control\",\"flow_version_id\":\"$welcome\",\"weight\":50,\"is_control\":true},
    {\"name\":\"Short\",\"flow_version_id\":\"$short\",\"weight\":50}]}" | field id)
call POST "$app/experiments/$experiment/start" >/dev/null
echo "App $app_id: onboarding shows Welcome or Short welcome to people in Nigeria and Ghana."

# ---------------------------------------------------------------------------------------------------------------------
# 2. A thousand users ask what to show. One curl asks for all of them, over one connection; every fifth user lives in Kenya.

awk -v users="$users" -v url="$url$app/placements/onboarding/resolve" -v key="$key" 'BEGIN {
    for (user = 1; user <= users; user++) {
        country = user % 5 == 0 ? "KE" : user % 2 ? "NG" : "GH"
        body = sprintf("{\"user_id\":\"user-%d\",\"session_id\":\"session-%d\",\"device_platform\":\"ios\",", user, user)
        body = body sprintf("\"attributes\":{\"country\":\"%s\",\"app.version\":\"2.1.0\",\"user\":{\"name\":\"Ada\"}}}", country)
        gsub(/"/, "\\\"", body)
        if (user > 1) print "next"
        printf "url = \"%s\"\nheader = \"Authorization: Bearer %s\"\nheader = \"Content-Type: application/json\"\n", url, key
        printf "data = \"%s\"\nwrite-out = \"\\n\"\nfail\nsilent\nshow-error\n", body
    }
}' >"$work/resolves"
curl -K "$work/resolves" >"$work/answers"

# One line a user: number, flow, version, experiment, variant, name of the variant. Nothing is shown to users without a flow.
awk 'function member(name,    value) {
        if (!match($0, "\"" name "\":\"[^\"]*\"")) return ""
        value = substr($0, RSTART, RLENGTH)
        sub("^\"" name "\":\"", "", value)
        return substr(value, 1, length(value) - 1)
    }
    /"flow_version_id"/ {
        print NR "\t" member("flow_id") "\t" member("flow_version_id") "\t" member("experiment_id") "\t" member("variant_id") "\t" member("variant_name")
    }' "$work/answers" >"$work/shown"
echo "$users users asked; $(wc -l <"$work/shown" | tr -d ' ') were shown a flow: $(cut -f 6 "$work/shown" | sort | uniq -c | awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $1, $2 }')."

# ---------------------------------------------------------------------------------------------------------------------
# 3. They report what they did: the start, the first screen, and the end or how far they came.

# A result counts what happened after the assignment; the times below have whole seconds.
sleep 1
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
run=$(date +%s | awk '{ printf "%08x", $1 }')
awk -F '\t' -v app="$app_id" -v now="$now" -v run="$run" -v control="$control_rate" -v short="$short_rate" \
    -v per="$events_per_request" -v work="$work" '
    function event(type, more,    line) {
        line = sprintf("{\"event_id\":\"%s-0000-4000-8000-%012x\",\"app_id\":\"%s\",\"flow_id\":\"%s\",\"flow_version_id\":\"%s\",", run, ++events, app, $2, $3)
        line = line sprintf("\"placement_id\":\"onboarding\",\"user_id\":\"user-%d\",\"session_id\":\"session-%d\",\"device_platform\":\"ios\",", $1, $1)
        line = line sprintf("\"experiment_id\":\"%s\",\"variant_id\":\"%s\",\"variant_name\":\"%s\",", $4, $5, $6)
        line = line sprintf("\"event_type\":\"%s\",\"timestamp\":\"%s\",\"sdk_version\":\"1.3.1\",\"app_version\":\"2.1.0\"%s}", type, now, more)
        file = sprintf("%s/events-%03d.json", work, int((events - 1) / per))
        printf "%s%s", ((events - 1) % per ? ",\n" : "["), line >file
        if (events % per == 0) { print "]" >file; close(file); file = "" }
    }
    {
        event("flow_start", "")
        event("screen_view", ",\"screen_id\":\"hello\",\"screen_name\":\"Hello\",\"screen_index\":0")
        rate = $6 == "Short" ? short : control
        if (seen[$6]++ % 100 < rate) event("flow_complete", ",\"time_since_flow_start_ms\":21500")
        else event("flow_exit", ",\"screen_id\":\"hello\",\"screen_index\":0,\"time_since_flow_start_ms\":4200")
    }
    END { if (file != "") print "]" >file }' "$work/shown"
accepted=0
for file in "$work"/events-*.json; do
    if ! answer=$(curl -sS --fail-with-body "$url$app/events" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' --data-binary "@$file"); then
        echo "POST $app/events: $answer" >&2
        exit 1
    fi
    accepted=$((accepted + $(printf '%s' "$answer" | field accepted)))
done
echo "$accepted events were accepted."

# ---------------------------------------------------------------------------------------------------------------------
# 4. What came of it. Numbers are there at the latest ten seconds after the last event was accepted.

# The first variant is the control.
completions=$(awk -F '\t' -v control="$control_rate" -v short="$short_rate" '
    (seen[$6]++ % 100) < ($6 == "Short" ? short : control) { count++ } END { print count + 0 }' "$work/shown")
tries=0
while :; do
    results=$(call GET "$app/experiments/$experiment/results?environment=test")
    counted=$(printf '%s' "$results" | awk '{
        sub(/"series":.*/, "")
        while (match($0, /"completions":[0-9]+/)) { sum += substr($0, RSTART + 14, RLENGTH - 14); $0 = substr($0, RSTART + RLENGTH) }
        print sum + 0
    }')
    [ "$counted" -ge "$completions" ] && break
    tries=$((tries + 1))
    if [ "$tries" -gt $((wait_seconds * 5)) ]; then
        echo "$counted of $completions completions are counted after $wait_seconds seconds" >&2
        exit 1
    fi
    sleep 0.2
done

echo "Funnel of Welcome:"
call GET "$app/analytics/funnel?environment=test&flow_version_id=$welcome"
echo
echo "Result of the experiment:"
printf '%s\n' "$results"
