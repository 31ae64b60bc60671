/** Where Northwind Trading works, and what its people are called there. */

export interface Place {
  location: string
  country: string
  share: number
  first: string[]
  last: string[]
}

export const places: Place[] = [
  {
    location: 'Berlin', country: 'Germany', share: 30,
    first: ['Anna', 'Jürgen', 'Käthe', 'Lukas', 'Mia', 'Felix', 'Zoë', 'Björn', 'Heike', 'Emre', 'Lena', 'Günther'],
    last: [
      'Müller', 'Schäfer', 'Weiß', 'Krüger', 'Yılmaz', 'Becker', 'Großmann', 'Lehmann', 'Vogel', 'Jäger',
      'Ångström',
    ],
  },
  {
    location: 'London', country: 'United Kingdom', share: 25,
    first: [
      'Oliver', 'Amelia', 'Siân', 'Harry', 'Priya', 'George', 'Niamh', 'Kwame', 'Chloë', 'Jack', 'Grace',
      'Arjun',
    ],
    last: ['Taylor', 'O\'Brien', 'Patel', 'Davies', 'Okafor', 'Evans', 'Brontë', 'Hughes', 'Clarke', 'Wood', 'Singh'],
  },
  {
    location: 'Warsaw', country: 'Poland', share: 20,
    first: ['Agnieszka', 'Michał', 'Paweł', 'Małgorzata', 'Wojciech', 'Jan', 'Zofia', 'Stanisław', 'Ewa', 'Bartłomiej'],
    last: [
      'Wiśniewski', 'Wójcik', 'Dąbrowska', 'Zieliński', 'Jabłońska', 'Król', 'Pawłowska', 'Gołąb', 'Sikora',
      'Mróz',
    ],
  },
  {
    location: 'Madrid', country: 'Spain', share: 15,
    first: ['Lucía', 'Íñigo', 'Sofía', 'Álvaro', 'Martín', 'María José', 'Begoña', 'Raúl', 'Inés', 'Joaquín'],
    last: ['García', 'Fernández', 'Muñoz', 'Gómez', 'Ibáñez', 'Peña Ruiz', 'Vázquez', 'Domínguez', 'Ortega', 'Cañas'],
  },
  {
    location: 'New York', country: 'United States', share: 10,
    first: ['Emily', 'Jayden', 'Renée', 'Carlos', 'Tiffany', 'Wei', 'Robert', 'Katherine', 'DeShawn', 'William'],
    last: ['Johnson', 'Rodríguez', 'Chen', 'Williams', 'Goldberg', 'Nguyen', 'Brown', 'Kowalczyk', 'Lopez', 'Harris'],
  },
]

/** What people prefer to be called. */
export const preferred: Record<string, string> = {
  Robert: 'Bob', Katherine: 'Kate', William: 'Bill', Małgorzata: 'Gosia', Agnieszka: 'Aga', 'María José': 'Marijose',
  Stanisław: 'Staszek',
}

export interface Department {
  name: string
  costCentre: number
  head: string
  titles: string[]
}

export const departments: Department[] = [
  {
    name: 'Sales', costCentre: 4100, head: 'Head of Sales',
    titles: ['Account Manager', 'Sales Representative', 'Sales Engineer'],
  },
  {
    name: 'Marketing', costCentre: 4200, head: 'Head of Marketing',
    titles: ['Content Editor', 'Campaign Manager', 'Designer'],
  },
  {
    name: 'Finance', costCentre: 4300, head: 'Chief Financial Officer',
    titles: ['Accountant', 'Controller', 'Payroll Clerk'],
  },
  { name: 'HR', costCentre: 4400, head: 'Head of HR', titles: ['HR Partner', 'Recruiter', 'HR Assistant'] },
  {
    name: 'IT', costCentre: 4500, head: 'Head of IT',
    titles: ['System Administrator', 'Help Desk Agent', 'Network Engineer'],
  },
  {
    name: 'Engineering', costCentre: 4600, head: 'Head of Engineering',
    titles: ['Software Engineer', 'Test Engineer', 'Architect'],
  },
  { name: 'Data', costCentre: 4700, head: 'Head of Data', titles: ['Data Analyst', 'Data Engineer', 'Data Scientist'] },
  {
    name: 'Operations', costCentre: 4800, head: 'Head of Operations',
    titles: ['Warehouse Clerk', 'Buyer', 'Shift Supervisor'],
  },
  {
    name: 'Legal', costCentre: 4900, head: 'General Counsel',
    titles: ['Legal Counsel', 'Paralegal', 'Data Protection Officer'],
  },
  {
    name: 'Support', costCentre: 5000, head: 'Head of Support',
    titles: ['Support Agent', 'Support Engineer', 'Team Assistant'],
  },
]
