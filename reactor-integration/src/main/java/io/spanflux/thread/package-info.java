/**
 * The span as a thread-local, for those who ask for it: log lines that name their trace, and code that has no
 * {@code Context}. Nothing here is used before {@link io.spanflux.thread.ThreadSpanAccessor} is registered.
 */
@NullMarked
package io.spanflux.thread;

import org.jspecify.annotations.NullMarked;
