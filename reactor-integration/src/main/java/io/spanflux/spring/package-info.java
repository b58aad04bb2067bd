/**
 * Spring Boot's auto-configuration of Spanflux, and what it brings to WebFlux: a filter that puts a request's trace and
 * scope into Reactor's {@code Context}, and one that passes the trace on through {@code WebClient}. The only package that
 * knows Spring; all of Spring is optional.
 */
@NullMarked
package io.spanflux.spring;

import org.jspecify.annotations.NullMarked;
