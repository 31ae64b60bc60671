import { Kbd, Modal, Table } from '@mantine/core'
import { spotlight } from '@mantine/spotlight'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { allPlaces } from './places.ts'
import { isTyping } from './VirtualList.tsx'

const openEvent = 'usher-help'

/** Opens the list of shortcuts from anywhere. */
export function openHelp(): void {
  window.dispatchEvent(new Event(openEvent))
}

const general: [keys: string[], what: string][] = [
  [['/'], 'Search on this page, else find anything'],
  [['⌘ K', 'Ctrl K'], 'Find people and pages'],
  [['j', '↓'], 'Next row'],
  [['k', '↑'], 'Row before'],
  [['Enter'], 'Open the row'],
  [['?'], 'This list'],
]

/** `/`, `?` and `g` followed by a letter, everywhere. */
export function Shortcuts() {
  const [help, setHelp] = useState(false)
  const navigate = useNavigate()

  useEffect(() => {
    let after = 0
    const press = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
      const going = Date.now() - after < 1_200
      after = 0
      const place = going ? allPlaces.find((p) => p.key === event.key) : undefined
      if (place) {
        event.preventDefault()
        void navigate({ to: place.to })
      } else if (event.key === 'g') {
        after = Date.now()
      } else if (event.key === '?') {
        setHelp(true)
      } else if (event.key === '/') {
        event.preventDefault()
        const field = document.querySelector<HTMLInputElement>('input[data-search]')
        if (field) field.focus()
        else spotlight.open()
      }
    }
    const open = () => setHelp(true)
    window.addEventListener('keydown', press)
    window.addEventListener(openEvent, open)
    return () => {
      window.removeEventListener('keydown', press)
      window.removeEventListener(openEvent, open)
    }
  }, [navigate])

  return (
    <Modal opened={help} onClose={() => setHelp(false)} title="Keyboard" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Table>
        <Table.Tbody>
          {general.map(([keys, what]) => (
            <Row key={what} keys={keys} what={what} />
          ))}
          {allPlaces.map((place) => (
            <Row key={place.to} keys={[`g ${place.key}`]} what={`Go to ${place.title}`} />
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}

function Row({ keys, what }: { keys: string[]; what: string }) {
  return (
    <Table.Tr>
      <Table.Td w={130}>
        {keys.map((key) => (
          <Kbd key={key} mr={4}>
            {key}
          </Kbd>
        ))}
      </Table.Td>
      <Table.Td>{what}</Table.Td>
    </Table.Tr>
  )
}
