// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.ILoggerFactory;
import org.slf4j.IMarkerFactory;
import org.slf4j.Logger;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.BasicMDCAdapter;
import org.slf4j.helpers.BasicMarkerFactory;
import org.slf4j.helpers.LegacyAbstractLogger;
import org.slf4j.helpers.MessageFormatter;
import org.slf4j.spi.MDCAdapter;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * The SLF4J provider of the tests: keeps what is logged, everything of Spanflux and warnings of others.
 *
 * <pre>{@code
 * LogCapture logs = LogCapture.start();
 * ...
 * assertThat(logs.warnings()).hasSize(1);
 * }</pre>
 */
public final class LogCapture implements SLF4JServiceProvider {
    private static final int MAX_EVENTS = 200_000;
    private static final Queue<Event> EVENTS = new ConcurrentLinkedQueue<>();
    private static final AtomicInteger COUNT = new AtomicInteger();

    /** One logged line. */
    public record Event(String logger, Level level, String message, Throwable cause) {
        @Override
        public String toString() {
            return level + " " + logger + " " + message + (cause == null ? "" : " " + cause);
        }
    }

    private final int from;
    private final ConcurrentMap<String, Logger> loggers = new ConcurrentHashMap<>();
    private final IMarkerFactory markers = new BasicMarkerFactory();
    private final MDCAdapter mdc = new BasicMDCAdapter();

    /** For the service loader. */
    public LogCapture() {
        this(0);
    }

    private LogCapture(int from) {
        this.from = from;
    }

    /** Captures from now on. */
    public static LogCapture start() {
        return new LogCapture(EVENTS.size());
    }

    /** Everything since the start of this JVM. */
    public static List<Event> all() {
        return List.copyOf(EVENTS);
    }

    /** What was logged since the start of this capture. */
    public List<Event> events() {
        List<Event> all = new ArrayList<>(EVENTS);
        return all.subList(Math.min(from, all.size()), all.size());
    }

    /** Messages at WARN or above, of Spanflux, since the start of this capture. */
    public List<String> warnings() {
        return events().stream()
                .filter(event -> event.logger.startsWith("io.spanflux") && event.level.toInt() >= Level.WARN.toInt())
                .map(event -> event.message)
                .toList();
    }

    @Override
    public ILoggerFactory getLoggerFactory() {
        return name -> loggers.computeIfAbsent(name, CapturingLogger::new);
    }

    @Override
    public IMarkerFactory getMarkerFactory() {
        return markers;
    }

    @Override
    public MDCAdapter getMDCAdapter() {
        return mdc;
    }

    @Override
    public String getRequestedApiVersion() {
        return "2.0.99";
    }

    @Override
    public void initialize() {}

    private static final class CapturingLogger extends LegacyAbstractLogger {
        private static final long serialVersionUID = 1L;

        private final boolean ours;

        CapturingLogger(String name) {
            this.name = name;
            this.ours = name.startsWith("io.spanflux");
        }

        @Override
        protected String getFullyQualifiedCallerName() {
            return null;
        }

        @Override
        protected void handleNormalizedLoggingCall(
                Level level, Marker marker, String pattern, Object[] arguments, Throwable cause) {
            if (COUNT.getAndIncrement() < MAX_EVENTS) {
                EVENTS.add(new Event(name, level, MessageFormatter.basicArrayFormat(pattern, arguments), cause));
            }
        }

        @Override
        public boolean isTraceEnabled() {
            return ours;
        }

        @Override
        public boolean isDebugEnabled() {
            return ours;
        }

        @Override
        public boolean isInfoEnabled() {
            return ours;
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
