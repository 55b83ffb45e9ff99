"""Reads out and presses what the windows of a process show. Commands come from the named pipe it is told, one JSON list a
line; answers go to standard output likewise."""

import json
import sys
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402


def program(process):
    desktop = Atspi.get_desktop(0)
    for index in range(desktop.get_child_count()):
        child = desktop.get_child_at_index(index)
        if child is not None and child.get_process_id() == process:
            # What is remembered of it may be older than what it shows.
            child.clear_cache()
            return child
    return None


def walk(node):
    yield node
    for index in range(node.get_child_count()):
        child = node.get_child_at_index(index)
        if child is not None:
            yield from walk(child)


def text(node):
    if "Text" not in node.get_interfaces():
        return ""
    return Atspi.Text.get_text(node, 0, Atspi.Text.get_character_count(node))


def items(process):
    found = program(process)
    return [
        {
            "role": node.get_role_name(),
            "name": node.get_name() or "",
            "text": text(node),
            "isEnabled": node.get_state_set().contains(Atspi.StateType.SENSITIVE),
        }
        for node in (walk(found) if found is not None else ())
    ]


def button(process, name):
    found = program(process)
    buttons = [
        node
        for node in (walk(found) if found is not None else ())
        if node.get_role_name() == "push button" and node.get_name() == name
        and node.get_state_set().contains(Atspi.StateType.SENSITIVE)
    ]
    return buttons[-1] if buttons else None


def press(process, name):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            found = button(process, name)
            if found is not None:
                return found.do_action(0)
        except GLib.Error:
            # What was there a moment ago has gone, or has not yet come to itself.
            pass
        # Nothing announces a program that has not registered yet.
        time.sleep(0.02)
        Atspi.Accessible.clear_cache(Atspi.get_desktop(0))
    raise LookupError(f"there is no button '{name}'")


def key(modifier, character):
    Atspi.generate_keyboard_event(modifier, None, Atspi.KeySynthType.PRESS)
    Atspi.generate_keyboard_event(ord(character), None, Atspi.KeySynthType.SYM)
    Atspi.generate_keyboard_event(modifier, None, Atspi.KeySynthType.RELEASE)
    return True


def tap(code):
    Atspi.generate_keyboard_event(code, None, Atspi.KeySynthType.PRESSRELEASE)
    return True


COMMANDS = {"items": items, "press": press, "key": key, "tap": tap}

for line in open(sys.argv[1]):
    command, number, *arguments = json.loads(line)
    try:
        answer = COMMANDS[command](int(number), *arguments)
    except (LookupError, GLib.Error) as problem:
        answer = {"failure": str(problem)}
    print(json.dumps(answer), flush=True)
