"""Holds the stand-in's replies against the vendor's own description of the API, which comes with botocore."""

import xml.etree.ElementTree as ElementTree

SCALARS = {
    "boolean": lambda text: text in ("true", "false"),
    "integer": lambda text: text.lstrip("-").isdigit(),
    "long": lambda text: text.lstrip("-").isdigit(),
    "timestamp": lambda text: len(text) == 24 and text.endswith("Z"),
}


def violations(operation, body):
    """What in a reply is not in the description: unknown elements, values of another type, values outside an enum."""
    found = []
    root = ElementTree.fromstring(body)
    _structure(operation.output_shape, root, operation.name, found, extra={"requestId", "return"})
    return found


def _name(element):
    return element.tag.rpartition("}")[2]


def _structure(shape, element, path, found, extra=frozenset()):
    members = {}
    if shape is not None:
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
    for child in element:
        name = _name(child)
        if name in members:
            _value(members[name], child, f"{path}.{name}", found)
        elif name not in extra:
            found.append(f"{path}.{name} is not in the description")


def _value(shape, element, path, found):
    if shape.type_name == "structure":
        _structure(shape, element, path, found)
    elif shape.type_name == "list":
        item = shape.member.serialization.get("name", "item")
        for child in element:
            if _name(child) == item:
                _value(shape.member, child, f"{path}[]", found)
            else:
                found.append(f"{path} has an element {_name(child)} and not {item}")
    else:
        text = element.text or ""
        if not SCALARS.get(shape.type_name, lambda _: True)(text):
            found.append(f"{path} is no {shape.type_name}: {text}")
        if getattr(shape, "enum", None) and text not in shape.enum:
            found.append(f"{path} has a value that is none of the description's: {text}")
