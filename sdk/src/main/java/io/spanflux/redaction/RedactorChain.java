// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

import io.spanflux.diagnostics.FatalErrors;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;

/** See {@link TextRedactor#inOrder}. */
final class RedactorChain implements TextRedactor {
    private final List<TextRedactor> redactors;
    private final LongAdder failures = new LongAdder();

    private RedactorChain(List<TextRedactor> redactors) {
        this.redactors = redactors;
    }

    static RedactorChain of(TextRedactor first, TextRedactor... others) {
        List<TextRedactor> redactors = new ArrayList<>();
        redactors.add(Objects.requireNonNull(first, "first == null"));
        for (TextRedactor other : others) {
            redactors.add(Objects.requireNonNull(other, "others contains null"));
        }
        return new RedactorChain(List.copyOf(redactors));
    }

    @Override
    public String redact(String text) {
        String result = text;
        try {
            for (TextRedactor redactor : redactors) {
                result = Objects.requireNonNull(redactor.redact(result));
            }
            return result;
        } catch (Throwable e) {
            FatalErrors.propagate(e);
            failures.increment();
            return Markers.FAILED;
        }
    }

    /** Failures that this chain caught, and those that its redactors count themselves. */
    @Override
    public long failures() {
        long all = failures.sum();
        for (TextRedactor redactor : redactors) {
            all += redactor.failures();
        }
        return all;
    }

    @Override
    public String toString() {
        return "RedactorChain" + redactors;
    }
}
