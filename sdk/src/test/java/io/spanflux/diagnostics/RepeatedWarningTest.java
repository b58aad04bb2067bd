// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.diagnostics;

import io.spanflux.test.LogCapture;
import io.spanflux.test.Race;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(30)
class RepeatedWarningTest {
    private static final long SECOND = 1_000_000_000L;

    private final AtomicLong nanoTime = new AtomicLong();
    private final Logger logger = LoggerFactory.getLogger(RepeatedWarningTest.class);
    private final RepeatedWarning warning = new RepeatedWarning(logger, nanoTime::get);
    private final LogCapture logs = LogCapture.start();

    private List<String> logged() {
        return logs.events().stream()
                .filter(event -> event.logger().equals(RepeatedWarningTest.class.getName()))
                .map(event -> event.level() + " " + event.message())
                .toList();
    }

    @Test
    void warn_first_isLoggedAtOnce() {
        warning.warn("Dropped a span. Raise the limit.");

        assertThat(logged()).containsExactly("WARN Dropped a span. Raise the limit.");
        assertThat(warning.count()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -SECOND, Long.MAX_VALUE, Long.MIN_VALUE, Long.MAX_VALUE - 30 * SECOND})
    void warn_withinAMinute_isSilentUntilItIsOver(long origin) {
        nanoTime.set(origin);
        warning.warn("trouble");
        nanoTime.addAndGet(30 * SECOND);
        warning.warn("trouble");
        nanoTime.addAndGet(30 * SECOND - 1);
        warning.warn("trouble");
        nanoTime.addAndGet(1);
        warning.warn("trouble");
        warning.warn("trouble");

        assertThat(logged())
                .containsExactly(
                        "WARN trouble",
                        "DEBUG trouble",
                        "DEBUG trouble",
                        "WARN trouble (3 more times in the last minute or longer, 4 in all)",
                        "DEBUG trouble");
    }

    @Test
    void warn_aMinuteLater_countsFromTheLastWarning() {
        warning.warn("trouble");
        nanoTime.addAndGet(60 * SECOND);
        warning.warn("trouble");
        warning.warn("trouble");
        nanoTime.addAndGet(3_600 * SECOND);
        warning.warn("trouble");

        assertThat(logs.warnings())
                .containsExactly(
                        "trouble",
                        "trouble (1 more times in the last minute or longer, 2 in all)",
                        "trouble (2 more times in the last minute or longer, 4 in all)");
    }

    @Test
    void warn_severalAtOnce_areAllCounted() {
        warning.warn(5, "Dropped spans.");
        warning.warn(7, "Dropped spans.");
        nanoTime.addAndGet(60 * SECOND);
        warning.warn(8, "Dropped spans.");

        assertThat(warning.count()).isEqualTo(20);
        assertThat(logs.warnings())
                .containsExactly(
                        "Dropped spans.", "Dropped spans. (15 more times in the last minute or longer, 20 in all)");
    }

    @Test
    void warn_cause_isShownFirstAndAtDebugOnly() {
        Exception cause = new IllegalStateException("cause");
        warning.warn("trouble", cause);
        warning.warn("trouble", cause);
        nanoTime.addAndGet(60 * SECOND);
        warning.warn("trouble", cause);

        assertThat(logs.events().stream().map(event -> event.level() + " " + (event.cause() == cause)))
                .containsExactly("WARN true", "DEBUG true", "WARN false");
    }

    @Test
    void warn_messageWithBraces_isNotTakenForAPattern() {
        warning.warn("a {} b");
        nanoTime.addAndGet(60 * SECOND);
        warning.warn("a {} b");

        assertThat(logs.warnings())
                .containsExactly("a {} b", "a {} b (1 more times in the last minute or longer, 2 in all)");
    }

    @Test
    void warn_byFourThreads_countsAllAndWarnsOnceAMinute() {
        Race.of(4).run(500, round -> {
            nanoTime.addAndGet(60 * SECOND);
            return Race.round(thread -> warning.warn("trouble"), () -> {});
        });

        assertThat(logs.warnings()).hasSize(500);
        assertThat(warning.count()).isEqualTo(2_000);
    }

    @Test
    void caught_exceptionOfOthers_goesNoFurther() {
        assertThatCode(() -> warning.caught("a callback failed", new IllegalStateException()))
                .doesNotThrowAnyException();
        assertThatCode(() -> warning.caught("a callback failed", new NoSuchMethodError()))
                .doesNotThrowAnyException();
        assertThatCode(() -> warning.caught("a callback failed", new AssertionError()))
                .doesNotThrowAnyException();

        assertThat(warning.count()).isEqualTo(3);
        assertThat(logs.events().get(0).cause()).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void caught_errorOfTheJvm_isReportedAndThrownOn() {
        InternalError fatal = new InternalError("test");

        assertThatThrownBy(() -> warning.caught("a callback failed", fatal)).isSameAs(fatal);

        assertThat(warning.count()).isEqualTo(1);
        assertThat(logged()).containsExactly("WARN a callback failed");
    }

    @Test
    void warn_loggerThatThrows_doesNotReachTheCaller() {
        for (Throwable thrown : List.of(new IllegalStateException("disk full"), new NoSuchMethodError("appender"))) {
            RepeatedWarning failing = new RepeatedWarning(new FailingLogger(thrown), nanoTime::get);

            assertThatCode(() -> failing.warn("first")).doesNotThrowAnyException();
            assertThatCode(() -> failing.warn("second")).doesNotThrowAnyException();
            assertThatCode(() -> failing.caught("third", new IllegalStateException()))
                    .doesNotThrowAnyException();
            assertThat(failing.count()).isEqualTo(3);
        }
    }

    @Test
    void warn_loggerThatFindsTheJvmBroken_isNotSwallowed() {
        InternalError fatal = new InternalError("test");
        RepeatedWarning failing = new RepeatedWarning(new FailingLogger(fatal), nanoTime::get);

        assertThatThrownBy(() -> failing.warn("first")).isSameAs(fatal);
    }

    @Test
    void new_withoutLogger_isRefusedByName() {
        assertThatThrownBy(() -> new RepeatedWarning(null)).hasMessage("logger == null");
    }

    private static final class FailingLogger extends LegacyAbstractLogger {
        private static final long serialVersionUID = 1L;

        private final transient Throwable thrown;

        FailingLogger(Throwable thrown) {
            this.thrown = thrown;
        }

        @Override
        protected String getFullyQualifiedCallerName() {
            return null;
        }

        @Override
        protected void handleNormalizedLoggingCall(
                Level level, Marker marker, String pattern, Object[] arguments, Throwable cause) {
            if (thrown instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) thrown;
        }

        @Override
        public boolean isTraceEnabled() {
            return true;
        }

        @Override
        public boolean isDebugEnabled() {
            return true;
        }

        @Override
        public boolean isInfoEnabled() {
            return true;
        }

        @Override
        public boolean isWarnEnabled() {
            return true;
        }

        @Override
        public boolean isErrorEnabled() {
            return true;
        }
    }
}
