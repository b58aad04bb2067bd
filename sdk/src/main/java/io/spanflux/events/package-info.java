/**
 * What happened, as events of its own that OTLP carries as log records: calls of models with their content in structured
 * form, exceptions, and evaluations of what has long ended. They have a pipeline of their own and leave whether their
 * span is sampled or not.
 */
@NullMarked
package io.spanflux.events;

import org.jspecify.annotations.NullMarked;
