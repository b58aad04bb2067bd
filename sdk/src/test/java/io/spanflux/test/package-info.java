/** What the tests of all modules share: a server that misbehaves on request, captured logs, a guard against blocking. */
package io.spanflux.test;
