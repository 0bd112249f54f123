"""The nodes of PostgreSQL's parse tree, as one class per kind of node: SelectStmt, RangeVar, ColumnRef, ….

The classes and their fields have the names of PostgreSQL's own structs (src/include/nodes/parsenodes.h), apart from
`def_`. A list is a tuple; an empty list, an absent node, and an absent string are None. libpg_query delivers the tree
as protobuf messages; a node reads a field from its message when the field is first used: most are never used.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from google._upb import _message
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from postgast import pg_query_pb2

# protobuf rejects messages that are nested more than 100 levels deep; long chains of operators and joins are.
_message.SetAllowOversizeProtos(True)

ANY_NODE = "Node"
LIST = "List"
OWN_TEXT = frozenset({"String", "Float", "BitString"})
"""Values whose text may be empty and still be there."""
VALUE = "val"
"""The field of a constant that has one of several types."""


class Node:
    """A node of the tree; iterating gives the names of the fields that are set, in PostgreSQL's order.

    No struct has a field whose name begins with `pb_`.
    """

    pb_type: ClassVar[type[Message]]
    pb_readers: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    pb_names: ClassVar[Mapping[str, str]] = {}
    """The name of each field by its name in the message."""

    def __init__(self, message: Message | None = None) -> None:
        self.pb_message: Any = self.pb_type() if message is None else message

    def __getattr__(self, name: str) -> Any:
        """Reads a field once; later uses find it in the instance."""
        if name not in self.pb_readers:
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        value = self.__dict__[name] = self.pb_readers[name](self.pb_message)
        return value

    def __iter__(self) -> Iterator[str]:
        return (self.pb_names[field.name] for field, _ in self.pb_message.ListFields())


def wrap(message: Any) -> Any:
    """The node, or the tuple of nodes, in a message; None in an empty one."""
    kind = message.DESCRIPTOR.name
    if kind == ANY_NODE:
        which = message.WhichOneof("node")
        return None if which is None else wrap(getattr(message, which))
    return tuple(map(wrap, message.items)) if kind == LIST else CLASSES[kind](message)


def _reader(field: FieldDescriptor) -> Callable[[Any], Any]:
    name = field.name
    if field.is_repeated:
        convert = wrap if field.message_type else _unchanged
        return lambda message: tuple(map(convert, getattr(message, name))) or None
    if field.message_type:
        return lambda message: wrap(getattr(message, name)) if message.HasField(name) else None
    if field.type == FieldDescriptor.TYPE_STRING and field.containing_type.name not in OWN_TEXT:
        return lambda message: getattr(message, name) or None
    return lambda message: getattr(message, name)


def _unchanged(value: Any) -> Any:
    return value


def _read_value(message: Any) -> Any:
    which = message.WhichOneof(VALUE)
    return None if which is None else wrap(getattr(message, which))


def _name(field: FieldDescriptor) -> str:
    if field.containing_oneof is not None and field.containing_oneof.name == VALUE:
        return VALUE
    return "def_" if field.json_name == "def" else str(field.json_name)


def _class_of(descriptor: Descriptor) -> type[Node]:
    names = {field.name: _name(field) for field in descriptor.fields}
    readers = {names[field.name]: _reader(field) for field in descriptor.fields}
    if VALUE in readers and VALUE not in names:
        readers[VALUE] = _read_value
    message_type = getattr(pg_query_pb2, descriptor.name)
    return type(descriptor.name, (Node,), {"pb_type": message_type, "pb_readers": readers, "pb_names": names})


CLASSES: dict[str, type[Node]] = {
    name: _class_of(descriptor)
    for name, descriptor in pg_query_pb2.DESCRIPTOR.message_types_by_name.items()
    if name not in {ANY_NODE, LIST}
}


def __getattr__(name: str) -> Any:
    if name not in CLASSES:
        raise AttributeError(f"PostgreSQL's parse tree has no node {name}")
    return CLASSES[name]
