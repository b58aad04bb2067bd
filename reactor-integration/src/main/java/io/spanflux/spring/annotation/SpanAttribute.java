// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes an attribute of an argument of a {@link Traced} method. Texts, numbers, booleans, enums, and collections, maps and
 * arrays of them are taken as they are, other types of the JDK, such as {@code UUID}, by their text, and an {@code Optional} by
 * what is in it. Null, and what an application's own type would say of itself, is left out.
 *
 * <p>The value leaves with the span, whatever is said about content.
 */
@Documented
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
public @interface SpanAttribute {
    /** The attribute's key. Default the parameter's name, which needs {@code -parameters}, as Spring Boot's build sets it. */
    String value() default "";
}
