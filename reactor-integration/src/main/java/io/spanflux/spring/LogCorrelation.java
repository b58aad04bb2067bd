// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.thread.ThreadSpanAccessor;
import org.springframework.util.ClassUtils;

/** Registers {@link ThreadSpanAccessor} for as long as the application's context lives. */
final class LogCorrelation implements AutoCloseable {
    LogCorrelation() {
        if (!ClassUtils.isPresent("io.micrometer.context.ContextRegistry", LogCorrelation.class.getClassLoader())) {
            throw new IllegalStateException(
                    "spanflux.logging.correlation needs io.micrometer:context-propagation on the class path");
        }
        ThreadSpanAccessor.register();
    }

    @Override
    public void close() {
        ThreadSpanAccessor.unregister();
    }
}
