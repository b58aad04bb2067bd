// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import io.spanflux.genai.GenAiAttributes;
import io.spanflux.trace.AttributeConsumer;
import io.spanflux.trace.Span;
import java.util.List;
import java.util.Map;

/** What the span says is what leaves. */
enum GenAiDialect implements AttributeDialect {
    CURRENT {
        @Override
        public int forEachAttribute(Span span, AttributeConsumer to) {
            return span.forEachAttribute(to);
        }
    },

    WITH_CACHE_CREATION {
        @Override
        public int forEachAttribute(Span span, AttributeConsumer to) {
            return span.forEachAttribute(new CacheCreation(to));
        }
    };

    private record CacheCreation(AttributeConsumer to) implements AttributeConsumer {
        private static final String CACHE_CREATION = "gen_ai.usage.cache_creation.input_tokens";

        @Override
        public void accept(String key, long value) {
            to.accept(key, value);
            if (GenAiAttributes.USAGE_CACHE_WRITE_INPUT_TOKENS.equals(key)) {
                to.accept(CACHE_CREATION, value);
            }
        }

        @Override
        public void accept(String key, String value) {
            to.accept(key, value);
        }

        @Override
        public void accept(String key, double value) {
            to.accept(key, value);
        }

        @Override
        public void accept(String key, boolean value) {
            to.accept(key, value);
        }

        @Override
        public void accept(String key, List<?> value) {
            to.accept(key, value);
        }

        @Override
        public void accept(String key, Map<String, ?> value) {
            to.accept(key, value);
        }
    }
}
