// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.trace;

import java.lang.StackWalker.StackFrame;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where the live spans were started, for those who look for one that never ends.
 *
 * <p>Bound: as many as spans are open, which end at their maximum lifetime at the latest. Threads: any.
 */
final class StartSites {
    private static final int MAX_PLACES = 8;

    /** Of these it is not said where a span was started, but by whose code. */
    private static final List<String> INFRASTRUCTURE = List.of("io.spanflux.", "reactor.", "java.", "jdk.", "sun.");

    private final Map<Span, String> sites = new ConcurrentHashMap<>();

    void started(Span span) {
        sites.put(
                span,
                StackWalker.getInstance()
                        .walk(frames -> frames.filter(StartSites::isOfApplication)
                                .findFirst()
                                .map(StackFrame::toStackTraceElement)
                                .map(StackTraceElement::toString)
                                .orElse("a thread of Reactor or the JDK, "
                                        + Thread.currentThread().getName())));
    }

    private static boolean isOfApplication(StackFrame frame) {
        return INFRASTRUCTURE.stream().noneMatch(frame.getClassName()::startsWith);
    }

    void ended(Span span) {
        sites.remove(span);
    }

    /** Says on {@code span}, and in {@code places}, where it was started. */
    void mark(Span span, Map<String, Integer> places) {
        String site = sites.get(span);
        if (site != null) {
            span.attribute("spanflux.started_at", site);
            if (places.size() < MAX_PLACES || places.containsKey(site)) {
                places.merge(site, 1, Integer::sum);
            }
        }
    }
}
