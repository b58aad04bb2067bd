/**
 * Spans of methods by annotation, through Spring AOP: {@code @Traced} on a method of a bean, {@code @SpanAttribute} on its
 * parameters.
 */
@NullMarked
package io.spanflux.spring.annotation;

import org.jspecify.annotations.NullMarked;
