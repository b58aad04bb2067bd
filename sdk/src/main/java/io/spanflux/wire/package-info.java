/** The formats of systems other than OpenTelemetry: one package each, which knows nothing of the others. */
@NullMarked
package io.spanflux.wire;

import org.jspecify.annotations.NullMarked;
