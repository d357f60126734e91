#!/bin/sh
# A support agent from nothing to its answers over HTTP: a knowledge base is made of Floe's own manuals and decision records, an agent
# that may search it is asked ten questions, and its answers are printed with their sources and what they cost.
#
#   FLOE_URL=http://127.0.0.1:8700 FLOE_TOKEN=pat_… examples/support-agent/run.sh
#
# FLOE_TOKEN is a personal access token of an owner or admin with the scopes console.read, console.write and admin. Everything happens in
# test mode and offline: the model is the built-in one, which quotes the passages that it was given. Needs curl 7.76 or later and awk.
set -eu

url=${FLOE_URL:-http://127.0.0.1:8700}
token=${FLOE_TOKEN:?set FLOE_TOKEN to a personal access token}
here=$(cd "$(dirname "$0")" && pwd)
documents="$here/../../docs/*.md $here/../../docs/adr/0*.md"
wait_seconds=60

# call METHOD PATH [BODY]: the answer's body; anything but a 2xx ends the script with what the server said.
call() {
    if ! answer=$(send "$@"); then
        echo "$1 $2: $answer" >&2
        exit 1
    fi
    printf '%s' "$answer"
}

send() {
    auth="Authorization: Bearer ${key:-$token}"
    if [ $# -eq 2 ]; then
        curl -sS --fail-with-body -X "$1" "$url$2" -H "$auth" -H 'Floe-Mode: test'
    else
        printf '%s' "$3" | curl -sS --fail-with-body -X "$1" "$url$2" -H "$auth" -H 'Floe-Mode: test' \
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

# count TEXT: how often an answer holds it.
count() {
    awk -v text="$1" '{ sum += gsub(text, "") } END { print sum + 0 }'
}

# ---------------------------------------------------------------------------------------------------------------------
# 1. What the agent knows.

base=$(call POST /console/v1/knowledge-bases '{"name":"Floe manuals","description":"Manuals and decision records of Floe"}' | field id)
sent=0
for file in $documents; do
    answer=$(curl -sS --fail-with-body "$url/console/v1/knowledge-bases/$base/documents" \
        -H "Authorization: Bearer $token" -F "file=@$file;type=text/markdown") || { echo "$file: $answer" >&2; exit 1; }
    sent=$((sent + 1))
done
tries=0
while :; do
    list=$(call GET "/console/v1/knowledge-bases/$base/documents?limit=200")
    ready=$(printf '%s' "$list" | count '"status":"ready"')
    [ "$ready" -ge "$sent" ] && break
    tries=$((tries + 1))
    if [ "$tries" -gt $((wait_seconds * 5)) ] || printf '%s' "$list" | grep -q '"status":"failed"'; then
        echo "$ready of $sent documents are ready: $list" >&2
        exit 1
    fi
    sleep 0.2
done
chunks=$(printf '%s' "$list" | awk '{ while (match($0, /"chunks":[0-9]+/)) { sum += substr($0, RSTART + 9, RLENGTH - 9); $0 = substr($0, RSTART + RLENGTH) } print sum }')
echo "$sent documents are searchable, in $chunks chunks."

# ---------------------------------------------------------------------------------------------------------------------
# 2. The agent, and a key that may talk to it.

agent=$(call POST /console/v1/agents "{\"name\":\"Floe support\",\"model\":\"offline\",
    \"instructions\":\"You help people who operate Floe. Answer from the manuals only, and say where it stands.\",
    \"tools\":[{\"type\":\"knowledge\",\"knowledge_base_ids\":[\"$base\"],\"top_k\":4}]}" | field id)
key=$(call POST /console/v1/keys '{"kind":"agents","name":"Support agent example","mode":"test","scopes":["chat","usage"]}' | field key)

# ---------------------------------------------------------------------------------------------------------------------
# 3. Ten questions.

credits=0
number=0
while IFS= read -r question; do
    number=$((number + 1))
    answer=$(call POST "/api/public/agent/$agent/chat" "{\"messages\":\"$question\"}")
    used=$(printf '%s' "$answer" | field used_credits)
    credits=$(awk -v one="$credits" -v other="$used" 'BEGIN { print one + other }')
    echo
    echo "$number. $question"
    # The last thing that was said is the answer; the sources stand in the results of the tool that searched.
    printf '%s' "$answer" | awk '{
        text = $0
        while (match(text, /"type":"text","text":"([^"\\]|\\.)*"/)) {
            said = substr(text, RSTART + 22, RLENGTH - 23)
            text = substr(text, RSTART + RLENGTH)
        }
        if (said == "" && match($0, /"role":"assistant","content":"([^"\\]|\\.)*"/)) said = substr($0, RSTART + 30, RLENGTH - 31)
        gsub(/\\n/, " ", said)
        gsub(/\\"/, "\"", said)
        print "   " substr(said, 1, 400)
        text = $0
        sub(/.*"tool_calls":/, "", text)
        while (match(text, /"source":"([^"\\]|\\.)*"/)) {
            source = substr(text, RSTART + 10, RLENGTH - 11)
            if (!seen[source]++) sources = sources (sources == "" ? "" : "; ") source
            text = substr(text, RSTART + RLENGTH)
        }
        print "   Sources: " sources
    }'
    echo "   Credits: $used"
done <<'QUESTIONS'
How do I restore a backup?
After how many days are finished runs removed?
How many nodes can share one PostgreSQL database?
What happens to the runs of a node that is killed or stands still?
How do I make a container that listens behind a proxy?
Which file holds the settings of the systemd service?
How does somebody verify the audit log offline?
Why are uploaded files kept in the database?
Why does JavaScript of users run in child processes?
What is done so that a payout is not sent twice?
QUESTIONS

# ---------------------------------------------------------------------------------------------------------------------
# 4. What it came to.

echo
echo "Credits used: $credits"
echo "Performance:"
call GET "/api/public/agent/$agent/performance?start_date=$(date -u +%Y-%m-%d)&end_date=$(date -u +%Y-%m-%d)"
echo
