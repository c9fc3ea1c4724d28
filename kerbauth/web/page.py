"""The OpenAPI document as one readable HTML page: no scripts, nothing from elsewhere. Pure."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any, Final

STYLE: Final = (
    "body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em;line-height:1.4}"
    "pre{background:#f4f4f4;padding:.7em;overflow:auto}table{border-collapse:collapse}"
    "td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left;vertical-align:top}"
)
STYLE_HASH: Final = f"sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}"
"""For the page's Content-Security-Policy: this style and no other."""


def render(document: dict[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style>'
    operations = "".join(
        _operation(method, path, operation) for path, methods in document["paths"].items() for method, operation in methods.items()
    )
    intro = f"<h1>{title}</h1><p>{escape(info['summary'])}</p><p>{escape(info['description'])}</p>"
    source = '<p>The same for programs: <a href="/openapi.json">/openapi.json</a></p>'
    body = f"{intro}{source}{operations}<h2>Documents</h2>{''.join(_schemas(document))}"
    return f'<!DOCTYPE html><html lang="en"><head>{head}</head><body>{body}</body></html>'


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    takes = "".join(
        f"<tr><td>{escape(parameter['name'])}</td><td>{escape(parameter['in'])}</td></tr>"
        for parameter in operation["parameters"]
        if "name" in parameter
    )
    parameters = f"<table><tr><th>Parameter</th><th>In</th></tr>{takes}</table>" if takes else ""
    answers = "".join(_answer(status, response) for status, response in operation["responses"].items())
    heading = f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>"
    return f"{heading}{parameters}{_body(operation)}<table><tr><th>Status</th><th>When</th><th>Document</th></tr>{answers}</table>"


def _body(operation: dict[str, Any]) -> str:
    if "requestBody" not in operation:
        return ""
    return "".join(
        f"<p>Body: {escape(media_type)}, {_named(content['schema'])}</p>"
        for media_type, content in operation["requestBody"]["content"].items()
    )


def _answer(status: str, response: dict[str, Any]) -> str:
    documents = ", ".join(f"{escape(media_type)}: {_named(content['schema'])}" for media_type, content in response["content"].items())
    return f"<tr><td>{escape(status)}</td><td>{escape(response['description'])}</td><td>{documents}</td></tr>"


def _named(schema: dict[str, Any]) -> str:
    """A link to a named schema, with the reasons it is narrowed to; else its type."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}">{name}</a>'
    if "allOf" in schema:
        base, narrowed = schema["allOf"]
        return f"{_named(base)} with reason {escape(', '.join(narrowed['properties']['reason']['enum']))}"
    return escape(str(schema["type"]))


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        text = json.dumps(schema, indent=2, ensure_ascii=False)
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3><pre>{escape(text)}</pre>'
