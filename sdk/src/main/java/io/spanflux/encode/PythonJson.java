// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.util.HexFormat;
import tools.jackson.databind.JsonNode;

/** JSON as Python's {@code json.dumps} writes it by default: a space behind commas and colons, and ASCII only. */
final class PythonJson {
    private PythonJson() {}

    /** A text as it is, anything else as JSON. */
    static String text(JsonNode node) {
        return node.isString() ? node.stringValue() : json(node);
    }

    static String json(JsonNode node) {
        StringBuilder out = new StringBuilder();
        write(node, out);
        return out.toString();
    }

    /** As deep as the reader let it be, which is far from what a stack holds. */
    private static void write(JsonNode node, StringBuilder out) {
        if (node.isObject()) {
            out.append('{');
            node.properties().forEach(member -> {
                separate(out, '{');
                quote(member.getKey(), out);
                out.append(": ");
                write(member.getValue(), out);
            });
            out.append('}');
        } else if (node.isArray()) {
            out.append('[');
            node.values().forEach(item -> {
                separate(out, '[');
                write(item, out);
            });
            out.append(']');
        } else if (node.isString()) {
            quote(node.stringValue(), out);
        } else if (node.isDouble() && Double.isFinite(node.doubleValue())) {
            out.append(PythonNumbers.text(node.doubleValue()));
        } else {
            out.append(node);
        }
    }

    private static void separate(StringBuilder out, char opening) {
        if (out.charAt(out.length() - 1) != opening) {
            out.append(", ");
        }
    }

    private static void quote(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c >= ' ' && c <= 0x7F) {
                        out.append(c);
                    } else {
                        out.append("\\u").append(HexFormat.of().toHexDigits(c));
                    }
                }
            }
        }
        out.append('"');
    }
}
