// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.diagnostics.FatalErrors;
import io.spanflux.genai.Message.Part;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Roughly how many bytes content holds alive: texts, bytes, and collections of them are counted, of other objects nothing
 * is known without serializing them. Runs on the thread that ends a span, so that it looks at {@value #MAX_VISITED}
 * values at most and takes those after them to be alike.
 */
final class ContentSize {
    private static final int MAX_VISITED = 1024;
    private static final int MAX_DEPTH = 16;
    private static final int UNKNOWN = 512;

    private int visited;

    private ContentSize() {}

    static long ofMessages(@Nullable List<Message> messages) {
        long bytes = 0;
        if (messages != null) {
            for (Message message : messages) {
                bytes += 64 + ofParts(message.parts());
            }
        }
        return bytes;
    }

    static long ofParts(@Nullable List<Part> parts) {
        long bytes = 0;
        if (parts != null) {
            for (Part part : parts) {
                bytes += 48 + of(part);
            }
        }
        return bytes;
    }

    static long ofTools(@Nullable List<ToolDefinition> tools) {
        long bytes = 0;
        if (tools != null) {
            for (ToolDefinition tool : tools) {
                bytes += 64 + of(tool.name()) + of(tool.description()) + of(tool.parameters());
            }
        }
        return bytes;
    }

    private static long of(Part part) {
        if (part instanceof Part.Text text) {
            return of(text.content());
        } else if (part instanceof Part.Json json) {
            return of(json.value());
        } else if (part instanceof Part.Reasoning reasoning) {
            return of(reasoning.content());
        } else if (part instanceof Part.ToolCall call) {
            return of(call.id()) + of(call.name()) + of(call.arguments());
        } else if (part instanceof Part.ToolCallResponse response) {
            return of(response.id()) + of(response.response());
        } else if (part instanceof Part.ServerToolCall call) {
            return of(call.id()) + of(call.name()) + of(call.call().fields());
        } else if (part instanceof Part.ServerToolCallResponse response) {
            return of(response.id()) + of(response.response().fields());
        } else if (part instanceof Part.Blob blob) {
            return blob.size();
        } else if (part instanceof Part.File file) {
            return of(file.fileId());
        } else if (part instanceof Part.Uri uri) {
            return of(uri.uri());
        } else if (part instanceof Part.Compaction compaction) {
            return of(compaction.content());
        }
        return of(((Part.Generic) part).fields());
    }

    /** Of any value. */
    static long of(@Nullable Object value) {
        try {
            return new ContentSize().visit(value, 0);
        } catch (Throwable e) {
            // A collection of the application's that cannot be read now may be readable later.
            FatalErrors.propagate(e);
            return UNKNOWN;
        }
    }

    private long visit(@Nullable Object value, int depth) {
        visited++;
        if (value == null) {
            return 0;
        } else if (value instanceof CharSequence text) {
            return 48 + 2L * text.length();
        } else if (value instanceof byte[] bytes) {
            return 16L + bytes.length;
        } else if (value instanceof Number || value instanceof Boolean) {
            return 24;
        } else if (depth < MAX_DEPTH && value instanceof Collection<?> items) {
            return 48 + visitAll(items, items.size(), depth);
        } else if (depth < MAX_DEPTH && value instanceof Map<?, ?> map) {
            return 64 + visitAll(map.keySet(), map.size(), depth) + visitAll(map.values(), map.size(), depth);
        }
        return UNKNOWN;
    }

    private long visitAll(Iterable<?> items, int size, int depth) {
        long bytes = 0;
        int seen = 0;
        for (Object item : items) {
            if (visited >= MAX_VISITED) {
                return seen == 0 ? 32L * size : bytes / seen * size;
            }
            bytes += 8 + visit(item, depth + 1);
            seen++;
        }
        return bytes;
    }
}
