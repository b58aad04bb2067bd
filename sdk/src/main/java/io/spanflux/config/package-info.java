/**
 * Reads the standard {@code OTEL_*} environment variables by OpenTelemetry's rules: an empty value is unset, a value
 * that cannot be read is warned of and ignored. Depends on nothing of ours.
 */
@NullMarked
package io.spanflux.config;

import org.jspecify.annotations.NullMarked;
