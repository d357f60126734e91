"""Calls every method of the published Python client of the workflow API, unchanged, against a running `floe demo`.

Arguments: the document that `floe demo --json` prints. What goes wrong ends it with an assertion.
"""
import asyncio
import inspect
import json
import sys
import threading
import urllib.request

import flowmaestro
from flowmaestro import AsyncFlowMaestroClient, FlowMaestroClient

demo = json.loads(sys.argv[1])
url, token = demo["url"], demo["token"]
workflow = demo["workflow"]["id"]
called = set()


def console(method, path, body=None):
    """What only the administration can do."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Floe-Mode": "test"}
    request = urllib.request.Request(url + path, data=data, method=method, headers=headers)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


# The usual limits are for people.
key = console("POST", "/console/v1/keys", {
    "kind": "workflows", "name": "Python", "mode": "test", "rate_limit_per_minute": 5000, "rate_limit_per_day": 100000,
})["key"]


def note(name):
    """A method that was called."""
    called.add(name)


def is_page(page, least=1):
    data, told = page["data"], page["pagination"]
    assert isinstance(data, list) and len(data) >= least, page
    assert told["total_count"] >= len(data) and told["has_next"] == told["has_more"], page
    assert page["meta"]["request_id"] and page["meta"]["timestamp"].endswith("Z"), page
    return data


def trigger_id():
    made = console("POST", "/console/v1/triggers", {
        "workflow_id": workflow, "name": "By program", "type": "manual", "enabled": True,
        "config": {"inputs": {"message": "The lamp is broken."}},
    })
    return made["id"]


def fails_as(kind, status, call, *arguments):
    """What is refused is told in the client's own errors."""
    try:
        call(*arguments)
    except flowmaestro.FlowMaestroError as error:
        assert type(error).__name__ == kind and error.status_code == status, repr(error)
        assert error.request_id, repr(error)
        return error
    raise AssertionError(f"{call} was answered")


def of_execution(events, execution):
    kinds = [event["type"] for event in events]
    assert kinds[0] == "connected" and kinds[-1] == "execution:completed", kinds
    assert kinds.count("execution:completed") == 1 and "node:completed" in kinds, kinds
    assert all(event["execution_id"] == execution and event["timestamp"] for event in events)
    assert events[-1]["outputs"], events[-1]


def of_thread(events, content=None):
    kinds = [event["type"] for event in events]
    assert kinds[0] == "connected" and kinds[-1] == "message:completed", kinds
    said = "".join(event["token"] for event in events if event["type"] == "message:token")
    assert said == events[-1]["content"], (said, events[-1])
    assert "message:started" in kinds, kinds


def sync_client():
    with FlowMaestroClient(api_key=key, base_url=url, max_retries=0) as client:
        # Workflows.
        listed = is_page(client.workflows.list(page=1, per_page=5)); note("workflows.list")
        assert workflow in [one["id"] for one in listed]
        got = client.workflows.get(workflow)["data"]; note("workflows.get")
        assert got["name"] == "Lead triage" and got["status"] == "active" and "input_schema" in got, got
        started = client.workflows.execute(workflow, inputs={"message": "The lamp is broken."})["data"]; note("workflows.execute")
        assert started["status"] == "pending" and started["workflow_id"] == workflow, started
        execution = started["execution_id"]

        # Executions.
        of_execution(list(client.executions.stream(execution)), execution); note("executions.stream")
        ended = client.executions.wait_for_completion(execution, timeout=20); note("executions.wait_for_completion")
        assert ended["status"] == "completed" and ended["outputs"], ended
        assert client.executions.get(execution)["data"]["id"] == execution; note("executions.get")
        rows = is_page(client.executions.list(workflow_id=workflow, status="completed", per_page=100)); note("executions.list")
        assert execution in [row["id"] for row in rows] and all(row["status"] == "completed" for row in rows)
        paused = client.workflows.execute(workflow, inputs={"message": "A quote for 80 seats please."})["data"]["execution_id"]
        for event in client.executions.stream(paused):
            if event["type"] == "execution:paused":
                assert event["pause_context"]["prompt"], event
                break
        assert client.executions.cancel(paused)["data"]["status"] == "cancelled"; note("executions.cancel")
        fails_as("ValidationError", 400, client.executions.cancel, paused)

        # Agents, threads, messages.
        agent = is_page(client.agents.list())[0]["id"]; note("agents.list")
        assert "available_tools" in client.agents.get(agent)["data"]; note("agents.get")
        thread = client.agents.create_thread(agent, metadata={"from": "python"})["data"]; note("agents.create_thread")
        assert thread["status"] == "active" and thread["metadata"] == {"from": "python"}, thread
        thread = thread["id"]
        assert client.threads.get(thread)["data"]["id"] == thread; note("threads.get")
        answer = client.threads.send_message(thread, "When are you open on Sunday?")["data"]; note("threads.send_message")
        assert answer["status"] == "completed" and answer["message_id"], answer
        of_thread(list(client.threads.send_message_stream(thread, "And on Monday?"))); note("threads.send_message_stream")
        # The stream is opened first here, and the message sent while it waits.
        events = []
        reader = threading.Thread(target=lambda: events.extend(client.threads.stream(thread)))
        reader.start()
        client.threads.send_message(thread, "How long is the warranty?", stream=True)
        reader.join(20); note("threads.stream")
        of_thread(events)
        said = is_page(client.threads.list_messages(thread, per_page=100), 6); note("threads.list_messages")
        assert [one["role"] for one in said[:2]] == ["user", "assistant"] and said[0]["thread_id"] == thread, said
        assert client.threads.delete(thread)["data"]["deleted"] is True; note("threads.delete")
        fails_as("NotFoundError", 404, client.threads.get, thread)

        # Triggers.
        trigger = trigger_id()
        assert trigger in [one["id"] for one in is_page(client.triggers.list(per_page=100))]; note("triggers.list")
        fired = client.triggers.execute(trigger, inputs={"message": "Thanks!"})["data"]; note("triggers.execute")
        assert fired["trigger_id"] == trigger and fired["status"] == "pending", fired
        assert client.executions.wait_for_completion(fired["execution_id"], timeout=20)["status"] == "completed"

        # Knowledge bases.
        base = is_page(client.knowledge_bases.list())[0]["id"]; note("knowledge_bases.list")
        assert client.knowledge_bases.get(base)["data"]["chunk_count"] > 0; note("knowledge_bases.get")
        found = client.knowledge_bases.query(base, "broken lamp", top_k=2)["data"]; note("knowledge_bases.query")
        assert 1 <= len(found["results"]) <= 2 and found["results"][0]["similarity"] > 0, found

        # Webhooks.
        target = demo["receiver_url"].rstrip("/") + "/refunds"
        hook = client.webhooks.create("Python", target, ["execution.completed"], headers={"X-Custom": "v"})["data"]; note("webhooks.create")
        assert hook["secret"].startswith("whsec_"), hook
        assert hook["id"] in [one["id"] for one in is_page(client.webhooks.list())]; note("webhooks.list")
        assert client.webhooks.get(hook["id"])["data"]["headers"] == {"X-Custom": "v"}; note("webhooks.get")
        tried = client.webhooks.test(hook["id"])["data"]; note("webhooks.test")
        assert isinstance(tried["success"], bool) and tried["response_time_ms"] >= 0, tried
        assert client.webhooks.delete(hook["id"])["data"]["deleted"] is True; note("webhooks.delete")

        fails_as("NotFoundError", 404, client.workflows.get, "wf_nothing")
        with FlowMaestroClient(api_key="fm_live_wrong", base_url=url, max_retries=0) as stranger:
            fails_as("AuthenticationError", 401, stranger.workflows.list)


async def async_client():
    async with AsyncFlowMaestroClient(api_key=key, base_url=url, max_retries=0) as client:
        is_page(await client.workflows.list())
        assert (await client.workflows.get(workflow))["data"]["id"] == workflow
        started = await client.workflows.execute(workflow, inputs={"message": "Is the shop open?"})
        execution = started["data"]["execution_id"]
        of_execution([event async for event in client.executions.stream(execution)], execution)
        assert (await client.executions.wait_for_completion(execution, timeout=20))["status"] == "completed"
        assert (await client.executions.get(execution))["data"]["status"] == "completed"
        is_page(await client.executions.list(status="completed"))
        paused = (await client.workflows.execute(workflow, inputs={"message": "A quote for 90 seats."}))["data"]["execution_id"]
        assert (await client.executions.cancel(paused))["data"]["status"] == "cancelled"
        agent = is_page(await client.agents.list())[0]["id"]
        assert (await client.agents.get(agent))["data"]["id"] == agent
        thread = (await client.agents.create_thread(agent))["data"]["id"]
        assert (await client.threads.get(thread))["data"]["agent_id"] == agent
        assert (await client.threads.send_message(thread, "When are you open?"))["data"]["content"]
        of_thread([event async for event in client.threads.send_message_stream(thread, "And on Friday?")])
        events = []

        async def read():
            async for event in client.threads.stream(thread):
                events.append(event)

        await asyncio.wait_for(asyncio.gather(read(), client.threads.send_message(thread, "Until when?", stream=True)), 20)
        of_thread(events)
        is_page(await client.threads.list_messages(thread), 6)
        assert (await client.threads.delete(thread))["data"]["deleted"] is True
        trigger = is_page(await client.triggers.list())
        trigger = next(one["id"] for one in trigger if one["name"] == "By program")
        assert (await client.triggers.execute(trigger))["data"]["inputs"] == {"message": "The lamp is broken."}
        base = is_page(await client.knowledge_bases.list())[0]["id"]
        assert (await client.knowledge_bases.get(base))["data"]["id"] == base
        assert (await client.knowledge_bases.query(base, "warranty"))["data"]["results"]
        target = demo["receiver_url"].rstrip("/") + "/refunds"
        hook = (await client.webhooks.create("Async", target, ["execution.failed"]))["data"]["id"]
        is_page(await client.webhooks.list())
        assert (await client.webhooks.get(hook))["data"]["is_active"] is True
        assert "success" in (await client.webhooks.test(hook))["data"]
        assert (await client.webhooks.delete(hook))["data"]["id"] == hook


def is_complete():
    """Every public method of the client was called."""
    client = FlowMaestroClient(api_key=key, base_url=url)
    resources = [name for name, value in vars(client).items() if not name.startswith("_")]
    known = {
        f"{resource}.{name}"
        for resource in resources
        for name, _ in inspect.getmembers(getattr(client, resource), inspect.ismethod)
        if not name.startswith("_")
    }
    assert known == called, known ^ called
    return len(known)


sync_client()
asyncio.run(async_client())
print(f"{is_complete()} methods, each of both clients")
