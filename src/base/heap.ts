/** A binary min-heap. Equal elements come out in no particular order, so the comparison should be total. */
export class Heap<T> {
  private readonly elements: T[] = [];
  private readonly isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.isBefore = isBefore;
  }

  get size(): number {
    return this.elements.length;
  }

  peek(): T | undefined {
    return this.elements[0];
  }

  push(element: T): void {
    const { elements } = this;
    let at = elements.length;
    elements.push(element);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = elements[parent] as T;
      if (!this.isBefore(element, above)) break;
      elements[at] = above;
      at = parent;
    }
    elements[at] = element;
  }

  pop(): T | undefined {
    const { elements } = this;
    const first = elements[0];
    const last = elements.pop();
    if (first === undefined || last === undefined || elements.length === 0) return first;
    this.sink(last);
    return first;
  }

  clear(): void {
    this.elements.length = 0;
  }

  /** Lets `element` take the place of the first one. */
  private sink(element: T): void {
    const { elements } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= elements.length) break;
      const right = child + 1;
      if (right < elements.length && this.isBefore(elements[right] as T, elements[child] as T)) child = right;
      const below = elements[child] as T;
      if (!this.isBefore(below, element)) break;
      elements[at] = below;
      at = child;
    }
    elements[at] = element;
  }
}
