// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.io.IOException;
import java.io.PrintWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

// In a thread of its own, so that a trace without an end fails its test instead of the build.
@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StackTraceTextTest {
    private static final int MAX = 16 * 1024;

    @Test
    void of_exceptionWithCause_printsBoth() {
        String text = StackTraceText.of(new IllegalStateException("outer", new IOException("inner")), MAX);

        assertThat(text)
                .startsWith("java.lang.IllegalStateException: outer")
                .contains("Caused by: java.io.IOException: inner")
                .contains("\tat " + StackTraceTextTest.class.getName());
    }

    @Test
    void of_longTrace_stopsAtTheLimitWithTheFirstFrames() {
        String text = StackTraceText.of(recursion(2_000), MAX);

        assertThat(text)
                .hasSize(MAX)
                .startsWith("java.lang.IllegalStateException: deep")
                .contains("recursion");
    }

    private static Exception recursion(int depth) {
        return depth == 0 ? new IllegalStateException("deep") : recursion(depth - 1);
    }

    @Test
    void of_longMessage_stopsAtTheLimitAndSplitsNoSurrogatePair() {
        for (String prefix : new String[] {"", "x"}) {
            String text = StackTraceText.of(new IllegalStateException(prefix + "😀".repeat(MAX)), MAX);

            assertThat(text.length()).isBetween(MAX - 1, MAX);
            assertThat(Character.isHighSurrogate(text.charAt(text.length() - 1)))
                    .isFalse();
        }
    }

    @Test
    void of_cyclicCauses_ends() {
        Exception first = new IllegalStateException("first");
        first.initCause(new IOException("second", first));

        assertThat(StackTraceText.of(first, MAX))
                .contains("first", "second", "CIRCULAR REFERENCE")
                .hasSizeLessThanOrEqualTo(MAX);
    }

    @Test
    void of_causesWithoutEnd_endsAtTheLimit() {
        class Endless extends Exception {
            private static final long serialVersionUID = 1L;

            @Override
            public Throwable getCause() {
                return new Endless();
            }
        }

        assertThat(StackTraceText.of(new Endless(), MAX)).hasSize(MAX);
    }

    @Test
    void of_exceptionThatCannotPrintItself_keepsWhatItPrinted() {
        String text = StackTraceText.of(new Unprintable(new IllegalStateException("gone")), MAX);

        assertThat(text).isEqualTo("half a trace[stack trace incomplete: java.lang.IllegalStateException]");
    }

    @Test
    void of_exceptionThatFailsWithAnErrorOfItsClassPath_keepsWhatItPrinted() {
        String text = StackTraceText.of(new Unprintable(new NoClassDefFoundError("gone")), MAX);

        assertThat(text).isEqualTo("half a trace[stack trace incomplete: java.lang.NoClassDefFoundError]");
    }

    @Test
    void of_anErrorOfTheJvm_isNotSwallowed() {
        Unprintable unprintable = new Unprintable(new InternalError("test"));

        assertThatThrownBy(() -> StackTraceText.of(unprintable, MAX)).isInstanceOf(InternalError.class);
    }

    @Test
    void of_exceptionWithoutMessage_fitsToString() {
        Exception nameless = new Exception() {
            private static final long serialVersionUID = 1L;

            @Override
            public String toString() {
                return null;
            }
        };

        assertThat(StackTraceText.of(nameless, MAX)).startsWith("null");
    }

    private static final class Unprintable extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient Throwable thrown;

        Unprintable(Throwable thrown) {
            this.thrown = thrown;
        }

        @Override
        public void printStackTrace(PrintWriter writer) {
            writer.print("half a trace");
            throw Sneaky.rethrow(thrown);
        }
    }
}
