package intercom

import "bytes"

// A cursor reads JSON text once, forward, and passes what is not asked for without decoding it. It never fails: in text
// that is not JSON it comes to an end, and what it returned means nothing.
type cursor struct {
	text []byte
	at   int
}

// peek passes white space and returns the byte behind it; 0 at the end.
func (c *cursor) peek() byte {
	for ; c.at < len(c.text); c.at++ {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// open enters an object, if that is what comes next.
func (c *cursor) open() bool {
	if c.peek() != '{' {
		return false
	}
	c.at++
	return true
}

// member moves to the value of the next member and returns its name. At the object's end, which it passes, there is none.
func (c *cursor) member() (name []byte, ok bool) {
	if c.peek() == ',' {
		c.at++
	}
	if c.peek() != '"' {
		c.at++
		return nil, false
	}
	start := c.at
	c.quoted()
	text := Value(c.text[start:c.at])
	if c.peek() != ':' {
		return nil, false
	}
	c.at++
	return text.bytes(), true
}

// quoted passes a string: up to a quote that an even number of backslashes precedes.
func (c *cursor) quoted() {
	for from := c.at + 1; ; {
		i := bytes.IndexByte(c.text[from:], '"')
		if i < 0 {
			c.at = len(c.text)
			return
		}
		end := from + i
		begin := end
		for begin > from && c.text[begin-1] == '\\' {
			begin--
		}
		from = end + 1
		if (end-begin)%2 == 0 {
			c.at = from
			return
		}
	}
}

// value passes the next value and returns its text; nothing if none comes next.
func (c *cursor) value() Value {
	switch c.peek() {
	case '"':
		start := c.at
		c.quoted()
		return c.text[start:c.at]
	case '{', '[':
		return c.composite()
	}
	start := c.at
	for c.at < len(c.text) && c.text[c.at] > ' ' && c.text[c.at] != ',' && c.text[c.at] != ']' && c.text[c.at] != '}' {
		c.at++
	}
	return c.text[start:c.at]
}

// composite passes an array or an object, whatever is in it.
func (c *cursor) composite() Value {
	start := c.at
	for depth := 0; c.at < len(c.text); {
		switch c.text[c.at] {
		case '"':
			c.quoted()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if c.at++; depth == 0 {
			return c.text[start:c.at]
		}
	}
	return nil
}
