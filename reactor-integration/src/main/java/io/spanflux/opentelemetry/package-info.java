/**
 * Beside an OpenTelemetry SDK that the application has already: spans of ours through its exporters, and its spans as parents of
 * ours. The only package that knows OpenTelemetry, which is optional.
 */
@NullMarked
package io.spanflux.opentelemetry;

import org.jspecify.annotations.NullMarked;
